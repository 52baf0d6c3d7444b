// SPDX-License-Identifier: GPL-2.0
/*
 * KUnit tests of the virtual endpoint
 *
 * They hold the model to the rules of the hardware that drivers must keep. All
 * work on endpoints of their own: no board is needed on the command line.
 */
#include <kunit/test.h>
#include <linux/bitfield.h>
#include <linux/dma-mapping.h>
#include <linux/io.h>
#include <linux/slab.h>

#include "pcie-designware.h"
#include "vep.h"

#define TEST_BAR_ADDR		0xd0000000U
#define TEST_HOST_ADDR		0x1000
#define TEST_LL_CB		BIT(0)
#define TEST_LL_TCB		BIT(1)
#define TEST_LL_LLP		BIT(2)
#define TEST_LL_LIE		BIT(3)

struct test_lli {
	u32 control;
	u32 size;
	u64 sar;
	u64 dar;
} __packed;

/* A host of one page, at TEST_HOST_ADDR */
static int test_host_mem(void *host, u64 addr, void *buf, size_t len, bool write)
{
	u8 *page = host;

	if (addr < TEST_HOST_ADDR || addr + len > TEST_HOST_ADDR + PAGE_SIZE)
		return -EFAULT;
	if (write)
		memcpy(page + addr - TEST_HOST_ADDR, buf, len);
	else
		memcpy(buf, page + addr - TEST_HOST_ADDR, len);

	return 0;
}

static void test_host_link(void *host, bool up)
{
}

static const struct vep_host_ops test_host_ops = {
	.mem	= test_host_mem,
	.link	= test_host_link,
};

static void test_destroy(void *v)
{
	vep_destroy(v);
}

/* An endpoint whose link is up and whose function 0 answers to the host */
static struct vep *test_create(struct kunit *test, const char *board)
{
	struct vep *v = vep_create(vep_board_find(board));
	void *page = kunit_kzalloc(test, PAGE_SIZE, GFP_KERNEL);

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, v);
	KUNIT_ASSERT_EQ(test, 0,
			kunit_add_action_or_reset(test, test_destroy, v));
	KUNIT_ASSERT_NOT_NULL(test, page);
	vep_link_set(v, &v->started, true);
	v->host = page;
	v->host_ops = &test_host_ops;
	vep_dbi_write(v, PCIE_MISC_CONTROL_1_OFF, 4, PCIE_DBI_RO_WR_EN);
	vep_dbi_write(v, PCI_VENDOR_ID, 4, 0xb500104c);

	return v;
}

static void test_enable(struct vep *v, u32 command)
{
	vep_ep_cfg_write(v, 0, PCI_COMMAND, 2, command);
}

/* A programmable BAR of @size, with an address and memory space enabled */
static void test_bar(struct vep *v, unsigned int bar, u32 size)
{
	u32 reg = PCI_BASE_ADDRESS_0 + 4 * bar;

	vep_dbi_write(v, VEP_DBI2_OFFSET + reg, 4, size - 1);
	vep_dbi_write(v, reg, 4, 0);
	vep_ep_cfg_write(v, 0, reg, 4, TEST_BAR_ADDR);
	test_enable(v, PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER);
}

static void test_ib_write(struct vep *v, unsigned int win, u32 reg, u32 val)
{
	vep_atu_write(v, PCIE_ATU_UNROLL_BASE(PCIE_ATU_REGION_DIR_IB, win) | reg,
		      val);
}

static void test_bar_window(struct vep *v, unsigned int win, unsigned int func,
			    unsigned int bar, u64 target)
{
	test_ib_write(v, win, PCIE_ATU_LOWER_TARGET, lower_32_bits(target));
	test_ib_write(v, win, PCIE_ATU_UPPER_TARGET, upper_32_bits(target));
	test_ib_write(v, win, PCIE_ATU_REGION_CTRL1, PCIE_ATU_FUNC_NUM(func));
	test_ib_write(v, win, PCIE_ATU_REGION_CTRL2, PCIE_ATU_ENABLE |
		      PCIE_ATU_FUNC_NUM_MATCH_EN | PCIE_ATU_BAR_MODE_ENABLE |
		      bar << 8);
}

static void test_addr_window(struct vep *v, unsigned int win, u64 base,
			     u64 limit, u32 target, u32 ctrl1)
{
	test_ib_write(v, win, PCIE_ATU_LOWER_BASE, lower_32_bits(base));
	test_ib_write(v, win, PCIE_ATU_UPPER_BASE, upper_32_bits(base));
	test_ib_write(v, win, PCIE_ATU_LIMIT, lower_32_bits(limit));
	test_ib_write(v, win, PCIE_ATU_UPPER_LIMIT, upper_32_bits(limit));
	test_ib_write(v, win, PCIE_ATU_LOWER_TARGET, target);
	test_ib_write(v, win, PCIE_ATU_REGION_CTRL1, ctrl1);
	test_ib_write(v, win, PCIE_ATU_REGION_CTRL2, PCIE_ATU_ENABLE);
}

static bool test_inbound(struct vep *v, const struct vep_hit *hit, u64 *addr)
{
	guard(raw_spinlock_irqsave)(&v->atu_lock);
	return vep_atu_inbound(v, hit, addr);
}

static long test_stat(struct vep *v, enum vep_stat stat)
{
	return atomic_long_read(&v->stat[stat]);
}

static void vep_test_atu_bar_match(struct kunit *test)
{
	struct vep *v = test_create(test, "bare");
	struct vep_hit hit = { .bar = 2, .offset = 0x123, .bar_size = SZ_64K };
	u64 addr;

	KUNIT_EXPECT_FALSE(test, test_inbound(v, &hit, &addr));

	/* The offset replaces the target's low bits, it is not added to them. */
	test_bar_window(v, 0, 0, 2, 0x12345678);
	KUNIT_EXPECT_TRUE(test, test_inbound(v, &hit, &addr));
	KUNIT_EXPECT_EQ(test, addr, 0x12340123);

	/* Not below the granule either, however small the BAR is. */
	hit.bar_size = 256;
	KUNIT_EXPECT_TRUE(test, test_inbound(v, &hit, &addr));
	KUNIT_EXPECT_EQ(test, addr, 0x12345123);

	hit.bar = 3;
	KUNIT_EXPECT_FALSE(test, test_inbound(v, &hit, &addr));
	hit.bar = 2;
	hit.func = 1;
	KUNIT_EXPECT_FALSE(test, test_inbound(v, &hit, &addr));
	hit.func = 0;
	test_ib_write(v, 0, PCIE_ATU_REGION_CTRL2, 0);
	KUNIT_EXPECT_FALSE(test, test_inbound(v, &hit, &addr));
}

static void vep_test_atu_addr_match(struct kunit *test)
{
	struct vep *v = test_create(test, "bare");
	struct vep_hit hit = { .bar = 1, .bar_size = SZ_64K };
	u64 addr;

	/* The limit is that of the granule it is in. */
	test_addr_window(v, 1, 0x10002000, 0x10002001, 0x5000, 0);
	hit.addr = 0x10002ffc;
	KUNIT_EXPECT_TRUE(test, test_inbound(v, &hit, &addr));
	KUNIT_EXPECT_EQ(test, addr, 0x5ffc);
	hit.addr = 0x10003000;
	KUNIT_EXPECT_FALSE(test, test_inbound(v, &hit, &addr));
	hit.addr = 0x10001ffc;
	KUNIT_EXPECT_FALSE(test, test_inbound(v, &hit, &addr));

	/* The lowest number wins. */
	hit.addr = 0x10002010;
	test_addr_window(v, 0, 0x10002000, 0x10002fff, 0x9000, 0);
	KUNIT_EXPECT_TRUE(test, test_inbound(v, &hit, &addr));
	KUNIT_EXPECT_EQ(test, addr, 0x9010);

	/* A window of another TLP type does not take memory. */
	test_addr_window(v, 0, 0x10002000, 0x10002fff, 0x9000, 2);
	KUNIT_EXPECT_TRUE(test, test_inbound(v, &hit, &addr));
	KUNIT_EXPECT_EQ(test, addr, 0x5010);

	/* Across 4 GiB only with the bit that says so. */
	hit.addr = SZ_4G + 0x10;
	test_addr_window(v, 0, 0xfffff000, SZ_4G + 0xfff, 0x4000, 0);
	KUNIT_EXPECT_FALSE(test, test_inbound(v, &hit, &addr));
	test_addr_window(v, 0, 0xfffff000, SZ_4G + 0xfff, 0x4000,
			 PCIE_ATU_INCREASE_REGION_SIZE);
	KUNIT_EXPECT_TRUE(test, test_inbound(v, &hit, &addr));
	KUNIT_EXPECT_EQ(test, addr, 0x5010);
}

static void vep_test_atu_detect(struct kunit *test)
{
	struct vep *v = test_create(test, "rk3588");
	u32 none = PCIE_ATU_UNROLL_BASE(PCIE_ATU_REGION_DIR_IB,
					v->board->ib_windows);

	/* As dw_pcie_iatu_detect() probes it */
	KUNIT_EXPECT_EQ(test, vep_dbi_read(v, PCIE_ATU_VIEWPORT, 4), ~0U);
	vep_atu_write(v, none | PCIE_ATU_LOWER_TARGET, 0x11110000);
	KUNIT_EXPECT_EQ(test, vep_atu_read(v, none | PCIE_ATU_LOWER_TARGET), 0);
	test_ib_write(v, 0, PCIE_ATU_LIMIT, 0);
	KUNIT_EXPECT_EQ(test, vep_atu_read(v, BIT(8) | PCIE_ATU_LIMIT),
			SZ_64K - 1);
}

static int test_translate(struct vep_iommu *mmu, u64 iova, bool write, u64 *phys)
{
	guard(raw_spinlock_irqsave)(&mmu->lock);
	return vep_iommu_translate(mmu, iova, write, phys);
}

static void vep_test_iommu(struct kunit *test)
{
	struct vep *v = test_create(test, "rcar-s4");
	struct vep_iommu *mmu = &v->iommu;
	u64 to, from, both, phys;

	to = vep_iommu_map(mmu, 0x10123, 4, DMA_TO_DEVICE);
	from = vep_iommu_map(mmu, 0x20000, 3 * PAGE_SIZE, DMA_FROM_DEVICE);
	both = vep_iommu_map(mmu, 0x40000, SZ_64K, DMA_BIDIRECTIONAL);
	KUNIT_ASSERT_TRUE(test, to && from && both);
	KUNIT_EXPECT_NE(test, to, 0x10123);
	KUNIT_EXPECT_EQ(test, offset_in_page(to), 0x123);
	KUNIT_EXPECT_TRUE(test, IS_ALIGNED(from, 4 * PAGE_SIZE));
	KUNIT_EXPECT_TRUE(test, IS_ALIGNED(both, SZ_64K));

	KUNIT_EXPECT_EQ(test, test_translate(mmu, to, false, &phys), 0);
	KUNIT_EXPECT_EQ(test, phys, 0x10123);
	KUNIT_EXPECT_EQ(test, test_translate(mmu, to, true, &phys), -EACCES);
	KUNIT_EXPECT_EQ(test, test_translate(mmu, from + 2 * PAGE_SIZE + 8,
					     true, &phys), 0);
	KUNIT_EXPECT_EQ(test, phys, 0x20000 + 2 * PAGE_SIZE + 8);
	KUNIT_EXPECT_EQ(test, test_translate(mmu, from, false, &phys), -EACCES);
	KUNIT_EXPECT_EQ(test, test_translate(mmu, from + 3 * PAGE_SIZE, true,
					     &phys), -EFAULT);
	KUNIT_EXPECT_EQ(test, test_translate(mmu, both, true, &phys), 0);
	KUNIT_EXPECT_EQ(test, test_translate(mmu, both, false, &phys), 0);
	KUNIT_EXPECT_EQ(test, test_translate(mmu, 0x10123, false, &phys),
			-EFAULT);

	vep_iommu_unmap(mmu, both, SZ_64K);
	KUNIT_EXPECT_EQ(test, test_translate(mmu, both, true, &phys), -EFAULT);
	/* Not handed out again soon: a stale address must be found. */
	KUNIT_EXPECT_NE(test, vep_iommu_map(mmu, 0x40000, SZ_64K,
					    DMA_BIDIRECTIONAL), both);
}

static u32 test_cfg_read(struct vep *v, int where)
{
	u32 val;

	vep_ep_cfg_read(v, 0, where, 4, &val);
	return val;
}

static void vep_test_rebar(struct kunit *test)
{
	struct vep *v = test_create(test, "rk3588");
	u32 cap = PCI_CFG_SPACE_SIZE + PCI_REBAR_CAP;

	/* A mask of its own is ignored, but for the enable bit. */
	vep_dbi_write(v, VEP_DBI2_OFFSET + PCI_BASE_ADDRESS_0, 4, 0xffff);
	KUNIT_EXPECT_EQ(test, vep_bar_size(v, 0, 0), SZ_1M);

	/* Writing the sizes selects the size. */
	vep_dbi_write(v, cap, 4, BIT(4 + 3));
	KUNIT_EXPECT_EQ(test, vep_bar_size(v, 0, 0), SZ_8M);
	vep_ep_cfg_write(v, 0, PCI_BASE_ADDRESS_0, 4, ~0U);
	KUNIT_EXPECT_EQ(test, test_cfg_read(v, PCI_BASE_ADDRESS_0),
			~(u32)(SZ_8M - 1));

	/* Read only unless the driver asks to write what is read only. */
	vep_dbi_write(v, PCIE_MISC_CONTROL_1_OFF, 4, 0);
	vep_dbi_write(v, cap, 4, BIT(4));
	KUNIT_EXPECT_EQ(test, vep_bar_size(v, 0, 0), SZ_8M);
	KUNIT_EXPECT_EQ(test, test_stat(v, VEP_STAT_DBI_RO), 1);

	/* A link down forgets what the host chose, and the size on this one. */
	vep_link_set(v, &v->cut, true);
	vep_link_set(v, &v->cut, false);
	KUNIT_EXPECT_EQ(test, vep_bar_size(v, 0, 0), SZ_1M);
	KUNIT_EXPECT_EQ(test, vep_bar_addr(v, 0, 0), 0);
	flush_work(&v->link_work);
}

static void vep_test_fixed_bar(struct kunit *test)
{
	struct vep *v = test_create(test, "imx95");

	KUNIT_EXPECT_EQ(test, vep_bar_size(v, 0, 1), 0);
	vep_dbi_write(v, VEP_DBI2_OFFSET + PCI_BASE_ADDRESS_1, 4, SZ_1M - 1);
	KUNIT_EXPECT_EQ(test, vep_bar_size(v, 0, 1), SZ_64K);

	/* The upper half of a 64-bit BAR is no BAR. */
	vep_dbi_write(v, VEP_DBI2_OFFSET + PCI_BASE_ADDRESS_0, 4, SZ_1M - 1);
	vep_dbi_write(v, PCI_BASE_ADDRESS_0, 4, PCI_BASE_ADDRESS_MEM_TYPE_64);
	KUNIT_EXPECT_EQ(test, vep_bar_size(v, 0, 1), 0);
	vep_ep_cfg_write(v, 0, PCI_BASE_ADDRESS_1, 4, 0x12);
	vep_ep_cfg_write(v, 0, PCI_BASE_ADDRESS_0, 4, TEST_BAR_ADDR);
	KUNIT_EXPECT_EQ(test, vep_bar_addr(v, 0, 0),
			0x1200000000ULL | TEST_BAR_ADDR);
}

static void vep_test_inbound(struct kunit *test)
{
	struct vep *v = test_create(test, "bare");
	u8 *mem = kunit_kzalloc(test, PAGE_SIZE, GFP_KERNEL);
	u32 data = 0x11223344;

	KUNIT_ASSERT_NOT_NULL(test, mem);
	test_bar(v, 0, PAGE_SIZE);

	/* No window: counted, reads are all ones. */
	KUNIT_EXPECT_NE(test, vep_ep_mem(v, TEST_BAR_ADDR, &data, 4, false), 0);
	KUNIT_EXPECT_EQ(test, data, ~0U);
	KUNIT_EXPECT_EQ(test, test_stat(v, VEP_STAT_INBOUND_UNCLAIMED), 1);

	test_bar_window(v, 0, 0, 0, virt_to_phys(mem));
	data = 0x11223344;
	KUNIT_EXPECT_EQ(test, vep_ep_mem(v, TEST_BAR_ADDR + 8, &data, 4, true), 0);
	KUNIT_EXPECT_EQ(test, *(u32 *)(mem + 8), 0x11223344);

	test_enable(v, PCI_COMMAND_MASTER);
	data = 1;
	vep_ep_mem(v, TEST_BAR_ADDR + 8, &data, 4, true);
	KUNIT_EXPECT_EQ(test, *(u32 *)(mem + 8), 0x11223344);
	KUNIT_EXPECT_EQ(test, test_stat(v, VEP_STAT_INBOUND_UNCLAIMED), 2);

	test_enable(v, PCI_COMMAND_MEMORY);
	vep_link_set(v, &v->cut, true);
	vep_ep_mem(v, TEST_BAR_ADDR + 8, &data, 4, true);
	KUNIT_EXPECT_EQ(test, *(u32 *)(mem + 8), 0x11223344);
	KUNIT_EXPECT_EQ(test, test_stat(v, VEP_STAT_LINK_DOWN), 1);
	flush_work(&v->link_work);
}

static void vep_test_dma_bar(struct kunit *test)
{
	struct vep *v = test_create(test, "rk3588");
	u32 data = 0;

	/* Without any window, the BAR that is wired to them shows them. */
	vep_ep_cfg_write(v, 0, PCI_BASE_ADDRESS_4, 4, TEST_BAR_ADDR);
	test_enable(v, PCI_COMMAND_MEMORY);
	vep_ep_mem(v, TEST_BAR_ADDR + 0xa0, &data, 4, true);
	KUNIT_EXPECT_EQ(test, test_stat(v, VEP_STAT_EDMA_RING), 1);
	KUNIT_EXPECT_NE(test, vep_ep_mem(v, TEST_BAR_ADDR + VEP_DMA_SIZE, &data,
					 4, true), 0);

	/* Through another BAR nothing reaches them. */
	vep_dbi_write(v, VEP_DBI2_OFFSET + PCI_BASE_ADDRESS_0, 4, 1);
	vep_ep_cfg_write(v, 0, PCI_BASE_ADDRESS_0, 4, TEST_BAR_ADDR + SZ_1M);
	test_bar_window(v, 0, 0, 0, VEP_REG_BASE + VEP_DMA_OFFSET);
	vep_ep_mem(v, TEST_BAR_ADDR + SZ_1M + 0x800a0, &data, 4, true);
	KUNIT_EXPECT_EQ(test, test_stat(v, VEP_STAT_EDMA_RING), 1);
	KUNIT_EXPECT_EQ(test, test_stat(v, VEP_STAT_INBOUND_UNCLAIMED), 2);
}

static void vep_test_edma_emulation(struct kunit *test)
{
	struct vep *v = test_create(test, "imx95");

	/* Any write to a status register asserts, and sets no status. */
	vep_dma_write(v, 0xa0, 0);
	KUNIT_EXPECT_TRUE(test, v->line[0].level);
	KUNIT_EXPECT_EQ(test, vep_dma_read(v, 0xa0), 0);

	/* The masks do not stop it; clearing either direction does. */
	vep_dma_write(v, 0x54, ~0U);
	vep_dma_write(v, 0xa8, ~0U);
	KUNIT_EXPECT_TRUE(test, v->line[0].level);
	vep_dma_write(v, 0x58, 0);
	KUNIT_EXPECT_FALSE(test, v->line[0].level);
	vep_dma_write(v, 0x4c, 0);
	KUNIT_EXPECT_TRUE(test, v->line[0].level);
	vep_dma_write(v, 0xac, 0);
	KUNIT_EXPECT_FALSE(test, v->line[0].level);
}

/* Start write channel 0 on a list and wait until it stopped. */
static void test_edma_run(struct vep *v, const struct test_lli *list)
{
	u64 phys = virt_to_phys((void *)list);

	vep_dma_write(v, 0x00c, 1);
	vep_dma_write(v, 0x200, BIT(8) | BIT(9));
	vep_dma_write(v, 0x21c, lower_32_bits(phys));
	vep_dma_write(v, 0x220, upper_32_bits(phys));
	vep_dma_write(v, 0x010, 0);
	flush_work(&v->chan[0].work);
}

static u32 test_edma_state(struct vep *v)
{
	return FIELD_GET(GENMASK(6, 5), vep_dma_read(v, 0x200));
}

static void vep_test_edma_list(struct kunit *test)
{
	struct vep *v = test_create(test, "imx95");
	struct test_lli *list = kunit_kzalloc(test, 256, GFP_KERNEL);
	u8 *src = kunit_kzalloc(test, PAGE_SIZE, GFP_KERNEL);
	u8 *host = v->host;

	KUNIT_ASSERT_NOT_NULL(test, list);
	KUNIT_ASSERT_NOT_NULL(test, src);
	test_enable(v, PCI_COMMAND_MASTER);
	memset(src, 0x5a, PAGE_SIZE);
	list[0] = (struct test_lli) { TEST_LL_CB | TEST_LL_LIE, 1000,
				      virt_to_phys(src), TEST_HOST_ADDR + 1 };
	list[1] = (struct test_lli) { TEST_LL_LLP | TEST_LL_TCB, 0,
				      virt_to_phys(list) };
	test_edma_run(v, list);

	/* Moved once: after the toggle, the first element's cycle bit is old. */
	KUNIT_EXPECT_EQ(test, host[0], 0);
	KUNIT_EXPECT_EQ(test, host[1], 0x5a);
	KUNIT_EXPECT_EQ(test, host[1000], 0x5a);
	KUNIT_EXPECT_EQ(test, host[1001], 0);
	KUNIT_EXPECT_EQ(test, test_edma_state(v), 3);
	KUNIT_EXPECT_EQ(test, vep_dma_read(v, 0x4c), 1);
	KUNIT_EXPECT_TRUE(test, v->line[0].level);
	vep_dma_write(v, 0x54, 1);
	KUNIT_EXPECT_FALSE(test, v->line[0].level);
	vep_dma_write(v, 0x58, 1);
	KUNIT_EXPECT_EQ(test, vep_dma_read(v, 0x4c), 0);
}

static void vep_test_edma_abort(struct kunit *test)
{
	struct vep *v = test_create(test, "imx95");
	struct test_lli *list = kunit_kzalloc(test, 256, GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, list);

	/* Bus mastering is off: refused, and the channel says so. */
	list[0] = (struct test_lli) { TEST_LL_CB | TEST_LL_LIE, 4,
				      virt_to_phys(list), TEST_HOST_ADDR };
	test_edma_run(v, list);
	KUNIT_EXPECT_EQ(test, test_stat(v, VEP_STAT_BUS_MASTER_OFF), 1);
	KUNIT_EXPECT_EQ(test, test_edma_state(v), 2);
	KUNIT_EXPECT_EQ(test, vep_dma_read(v, 0x4c), BIT(16));
	vep_dma_write(v, 0x58, ~0U);

	/* A link to itself ends. */
	list[0] = (struct test_lli) { TEST_LL_LLP, 0, virt_to_phys(list) };
	test_edma_run(v, list);
	KUNIT_EXPECT_EQ(test, vep_dma_read(v, 0x4c), BIT(16));
	vep_dma_write(v, 0x58, ~0U);

	/* The doorbell of an engine that is off does nothing. */
	vep_dma_write(v, 0x00c, 0);
	vep_dma_write(v, 0x010, 0);
	flush_work(&v->chan[0].work);
	KUNIT_EXPECT_EQ(test, vep_dma_read(v, 0x4c), 0);
}

static void vep_test_hdma(struct kunit *test)
{
	struct vep *v = test_create(test, "bare");
	struct test_lli *list = kunit_kzalloc(test, 256, GFP_KERNEL);
	u8 *host = v->host;
	u64 phys;

	KUNIT_ASSERT_NOT_NULL(test, list);
	phys = virt_to_phys(list);
	test_enable(v, PCI_COMMAND_MASTER);
	list[0] = (struct test_lli) { TEST_LL_CB, 4, phys, TEST_HOST_ADDR };
	list[1] = (struct test_lli) { TEST_LL_LLP | TEST_LL_TCB, 0, phys };
	vep_dma_write(v, 0x00, 1);
	vep_dma_write(v, 0x34, 1);
	vep_dma_write(v, 0x10, lower_32_bits(phys));
	vep_dma_write(v, 0x14, upper_32_bits(phys));
	vep_dma_write(v, 0x18, 3);

	/* Without local interrupts, no status is latched. */
	vep_dma_write(v, 0x04, 1);
	flush_work(&v->chan[0].work);
	KUNIT_EXPECT_EQ(test, host[0], TEST_LL_CB);
	KUNIT_EXPECT_EQ(test, vep_dma_read(v, 0x80), 3);
	KUNIT_EXPECT_EQ(test, vep_dma_read(v, 0x84), 0);

	vep_dma_write(v, 0x88, BIT(4));
	vep_dma_write(v, 0x04, 1);
	flush_work(&v->chan[0].work);
	KUNIT_EXPECT_EQ(test, vep_dma_read(v, 0x84), 1);
	KUNIT_EXPECT_TRUE(test, v->line[0].level);

	/* There is no interrupt emulation. */
	vep_dma_write(v, 0x8c, ~0U);
	vep_dma_write(v, 0xa0, 0);
	KUNIT_EXPECT_FALSE(test, v->line[0].level);
}

static void vep_test_msi(struct kunit *test)
{
	struct vep *v = test_create(test, "imx95");
	u32 data = 5;

	KUNIT_EXPECT_FALSE(test, vep_msi_write(&v->msi, 5));
	KUNIT_EXPECT_FALSE(test, vep_msi_write(&v->msi, VEP_EP_MSIS));
	KUNIT_EXPECT_FALSE(test, vep_msi_write(&v->msi, ~0U));

	/* An event that is masked stays pending. */
	__set_bit(5, v->msi.used);
	vep_local(v, v->msi.addr, &data, 4, true);
	KUNIT_EXPECT_TRUE(test, test_bit(5, v->msi.pending));
	KUNIT_EXPECT_EQ(test, test_stat(v, VEP_STAT_MSI_RING), 1);
	vep_local(v, v->msi.addr + 4, &data, 4, true);
	KUNIT_EXPECT_EQ(test, test_stat(v, VEP_STAT_MSI_STRAY), 1);
}

static void vep_test_commands(struct kunit *test)
{
	static const char * const bad[] = {
		"", " ", "0", "0 0 0 4", "0 0 0 4 1 1 1", "0 0 0 3 1",
		"0 0 0 0 1", "0 0 0 16 1", "4 0 0 4 1", "2 0 0 4 1",
		"0 6 0 4 1", "0 1 0 4 1", "0 0 0x1000 4 1", "0 0 0xffd 4 1",
		"0 0 0xfffffffffffffffc 4 1", "-1 0 0 4 1", "0 0 0 1 256",
		"0 0 0 4 0x100000000", "0 0 0 4 1 1000001", "a b c d e",
		"0 0 0 4 1;", "99999999999999999999999 0 0 4 1",
	};
	struct vep *v = test_create(test, "bare");
	u8 *mem = kunit_kzalloc(test, PAGE_SIZE, GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, mem);
	test_bar(v, 0, PAGE_SIZE);
	test_bar_window(v, 0, 0, 0, virt_to_phys(mem));
	for (unsigned int i = 0; i < ARRAY_SIZE(bad); i++)
		KUNIT_EXPECT_EQ_MSG(test, vep_debugfs_host_write(v, bad[i]),
				    -EINVAL, "'%s'", bad[i]);
	KUNIT_EXPECT_EQ(test, vep_debugfs_host_read(v, "0 0 0 4 1"), -EINVAL);
	KUNIT_EXPECT_EQ(test, vep_debugfs_host_read(v, "0 0 0"), -EINVAL);
	KUNIT_EXPECT_NULL(test, memchr_inv(mem, 0, PAGE_SIZE));

	KUNIT_EXPECT_EQ(test, vep_debugfs_host_write(v, "0 0 0xffc 4 0xabcd 2\n"),
			0);
	KUNIT_EXPECT_EQ(test, *(u32 *)(mem + 0xffc), 0xabcd);
	KUNIT_EXPECT_EQ(test, vep_debugfs_host_read(v, "0 0 0xffc 2"), 0);
	KUNIT_EXPECT_EQ(test, v->debug_read, 0xabcd);
}

static void vep_test_armed(struct kunit *test)
{
	struct vep *v = test_create(test, "bare");
	u32 *mem = kunit_kzalloc(test, PAGE_SIZE, GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, mem);
	test_bar(v, 0, PAGE_SIZE);
	test_bar_window(v, 0, 0, 0, virt_to_phys(mem));
	KUNIT_EXPECT_EQ(test, vep_debugfs_arm(v, VEP_ON_EVENT, "0 0 8 2 1"),
			-EINVAL);
	KUNIT_EXPECT_EQ(test, vep_debugfs_arm(v, VEP_ON_EVENT, "0 0 8 4"),
			-EINVAL);
	KUNIT_EXPECT_EQ(test, vep_debugfs_arm(v, VEP_ON_EVENT, "0 0 8 4 0xabcd"),
			0);

	/* Not before its moment, and once. */
	vep_host_write_armed(v, VEP_ON_UNMAP);
	KUNIT_EXPECT_EQ(test, mem[2], 0);
	vep_host_write_armed(v, VEP_ON_EVENT);
	KUNIT_EXPECT_EQ(test, mem[2], 0xabcd);
	mem[2] = 0;
	vep_host_write_armed(v, VEP_ON_EVENT);
	KUNIT_EXPECT_EQ(test, mem[2], 0);
}

static struct kunit_case vep_test_cases[] = {
	KUNIT_CASE(vep_test_atu_bar_match),
	KUNIT_CASE(vep_test_atu_addr_match),
	KUNIT_CASE(vep_test_atu_detect),
	KUNIT_CASE(vep_test_iommu),
	KUNIT_CASE(vep_test_rebar),
	KUNIT_CASE(vep_test_fixed_bar),
	KUNIT_CASE(vep_test_inbound),
	KUNIT_CASE(vep_test_dma_bar),
	KUNIT_CASE(vep_test_edma_emulation),
	KUNIT_CASE(vep_test_edma_list),
	KUNIT_CASE(vep_test_edma_abort),
	KUNIT_CASE(vep_test_hdma),
	KUNIT_CASE(vep_test_msi),
	KUNIT_CASE(vep_test_commands),
	KUNIT_CASE(vep_test_armed),
	{}
};

static struct kunit_suite vep_test_suite = {
	.name = "vep",
	.test_cases = vep_test_cases,
};

kunit_test_suite(vep_test_suite);
