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
#include "vep-test.h"

#define TEST_BAR_ADDR		0xd0000000U
#define TEST_HOST_ADDR		0x1000
/* Vendor and device of a function for which nobody wrote a header */
#define VEP_TEST_NO_HEADER	0x0000ffff
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

/* A host of one page, at TEST_HOST_ADDR, and what both sides were told */
struct test_host {
	u8 page[PAGE_SIZE];
	char log[32];
};

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

static void test_log(struct test_host *host, const char *what)
{
	strlcat(host->log, what, sizeof(host->log));
}

static void test_host_link(void *host, bool up)
{
	test_log(host, up ? " host-up" : " host-down");
}

static void test_host_pulled(void *host)
{
	test_log(host, " pulled");
}

static const struct vep_host_ops test_host_ops = {
	.mem	= test_host_mem,
	.link	= test_host_link,
	.pulled	= test_host_pulled,
};

static void test_notify(void *data, enum vep_event event)
{
	static const char * const name[] = {
		[VEP_LINK_UP]		= " up",
		[VEP_LINK_DOWN]		= " down",
		[VEP_PERST_DEASSERT]	= " reset",
	};

	test_log(data, name[event]);
}

/* What was both sides told since the last time? */
static void test_told(struct kunit *test, struct vep *v, const char *what)
{
	struct test_host *host = v->host;

	flush_work(&v->link_work);
	KUNIT_EXPECT_STREQ(test, host->log, what);
	host->log[0] = '\0';
}

static void test_destroy(void *v)
{
	vep_destroy(v);
}

/* An endpoint whose link is up and whose function 0 answers to the host */
struct vep *vep_test_create(struct kunit *test, const char *board)
{
	struct vep *v = vep_create(vep_board_find(board));
	struct test_host *host = kunit_kzalloc(test, sizeof(*host), GFP_KERNEL);

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, v);
	KUNIT_ASSERT_EQ(test, 0,
			kunit_add_action_or_reset(test, test_destroy, v));
	KUNIT_ASSERT_NOT_NULL(test, host);
	vep_link_set(v, &v->started, true);
	v->host = host;
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

void vep_test_bar_window(struct vep *v, unsigned int win, unsigned int func,
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

long vep_test_stat(struct vep *v, enum vep_stat stat)
{
	return atomic_long_read(&v->stat[stat]);
}

static void vep_test_atu_bar_match(struct kunit *test)
{
	struct vep *v = vep_test_create(test, "bare");
	struct vep_hit hit = { .bar = 2, .offset = 0x123, .bar_size = SZ_64K };
	u64 addr;

	KUNIT_EXPECT_FALSE(test, test_inbound(v, &hit, &addr));

	/* The offset replaces the target's low bits, it is not added to them. */
	vep_test_bar_window(v, 0, 0, 2, 0x12345678);
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
	struct vep *v = vep_test_create(test, "bare");
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
	struct vep *v = vep_test_create(test, "rk3588");
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

static int test_access(struct vep_iommu *mmu, u64 iova, size_t len, bool write,
		       u64 *phys)
{
	guard(raw_spinlock_irqsave)(&mmu->lock);
	return vep_iommu_translate(mmu, iova, len, write, phys);
}

static int test_translate(struct vep_iommu *mmu, u64 iova, bool write, u64 *phys)
{
	return test_access(mmu, iova, 1, write, phys);
}

static void vep_test_iommu(struct kunit *test)
{
	struct vep *v = vep_test_create(test, "rcar-s4");
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

/* What shares a page with a buffer is nobody's business. */
static void vep_test_iommu_neighbours(struct kunit *test)
{
	struct vep *v = vep_test_create(test, "rcar-s4");
	struct vep_iommu *mmu = &v->iommu;
	u64 one, two, phys;

	one = vep_iommu_map(mmu, 0x10120, 16, DMA_BIDIRECTIONAL);
	KUNIT_EXPECT_EQ(test, test_access(mmu, one, 16, true, &phys), 0);
	KUNIT_EXPECT_EQ(test, phys, 0x10120);
	KUNIT_EXPECT_EQ(test, test_access(mmu, one + 15, 1, false, &phys), 0);
	KUNIT_EXPECT_EQ(test, test_access(mmu, one - 1, 1, true, &phys), -EFAULT);
	KUNIT_EXPECT_EQ(test, test_access(mmu, one - 4, 8, true, &phys), -EFAULT);
	KUNIT_EXPECT_EQ(test, test_access(mmu, one + 16, 1, false, &phys), -EFAULT);
	KUNIT_EXPECT_EQ(test, test_access(mmu, one, 17, true, &phys), -EFAULT);

	/* The pages in between belong to it all. */
	two = vep_iommu_map(mmu, 0x20ff0, 0x1020, DMA_BIDIRECTIONAL);
	KUNIT_EXPECT_EQ(test, test_access(mmu, two, 16, true, &phys), 0);
	KUNIT_EXPECT_EQ(test, test_access(mmu, two + 0x10, 256, true, &phys), 0);
	KUNIT_EXPECT_EQ(test, phys, 0x21000);
	KUNIT_EXPECT_EQ(test, test_access(mmu, two + 0xf10, 256, true, &phys), 0);
	KUNIT_EXPECT_EQ(test, test_access(mmu, two + 0x1010, 16, true, &phys), 0);
	KUNIT_EXPECT_EQ(test, phys, 0x22000);
	KUNIT_EXPECT_EQ(test, test_access(mmu, two + 0x1010, 17, true, &phys),
			-EFAULT);
	KUNIT_EXPECT_EQ(test, test_access(mmu, two - 1, 1, true, &phys), -EFAULT);

	/* An address that the entries cannot hold is not truncated. */
	KUNIT_EXPECT_EQ(test, vep_iommu_map(mmu, BIT_ULL(40) - 1, 2,
					    DMA_BIDIRECTIONAL),
			DMA_MAPPING_ERROR);
}

static u32 test_cfg_read(struct vep *v, int where)
{
	u32 val;

	vep_ep_cfg_read(v, 0, where, 4, &val);
	return val;
}

static void vep_test_rebar(struct kunit *test)
{
	struct vep *v = vep_test_create(test, "rk3588");
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
	KUNIT_EXPECT_EQ(test, vep_test_stat(v, VEP_STAT_DBI_RO), 1);

	/* A link down forgets what the host chose, and the size on this one. */
	vep_link_set(v, &v->cut, true);
	vep_link_set(v, &v->cut, false);
	KUNIT_EXPECT_EQ(test, vep_bar_size(v, 0, 0), SZ_1M);
	KUNIT_EXPECT_EQ(test, vep_bar_addr(v, 0, 0), 0);
	flush_work(&v->link_work);
}

static void vep_test_fixed_bar(struct kunit *test)
{
	struct vep *v = vep_test_create(test, "imx95");

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
	struct vep *v = vep_test_create(test, "bare");
	u8 *mem = kunit_kzalloc(test, PAGE_SIZE, GFP_KERNEL);
	u32 data = 0x11223344;

	KUNIT_ASSERT_NOT_NULL(test, mem);
	test_bar(v, 0, PAGE_SIZE);

	/* No window: counted, reads are all ones. */
	KUNIT_EXPECT_NE(test, vep_ep_mem(v, TEST_BAR_ADDR, &data, 4, false), 0);
	KUNIT_EXPECT_EQ(test, data, ~0U);
	KUNIT_EXPECT_EQ(test, vep_test_stat(v, VEP_STAT_INBOUND_UNCLAIMED), 1);

	vep_test_bar_window(v, 0, 0, 0, virt_to_phys(mem));
	data = 0x11223344;
	KUNIT_EXPECT_EQ(test, vep_ep_mem(v, TEST_BAR_ADDR + 8, &data, 4, true), 0);
	KUNIT_EXPECT_EQ(test, *(u32 *)(mem + 8), 0x11223344);

	test_enable(v, PCI_COMMAND_MASTER);
	data = 1;
	vep_ep_mem(v, TEST_BAR_ADDR + 8, &data, 4, true);
	KUNIT_EXPECT_EQ(test, *(u32 *)(mem + 8), 0x11223344);
	KUNIT_EXPECT_EQ(test, vep_test_stat(v, VEP_STAT_INBOUND_UNCLAIMED), 2);

	test_enable(v, PCI_COMMAND_MEMORY);
	vep_link_set(v, &v->cut, true);
	vep_ep_mem(v, TEST_BAR_ADDR + 8, &data, 4, true);
	KUNIT_EXPECT_EQ(test, *(u32 *)(mem + 8), 0x11223344);
	KUNIT_EXPECT_EQ(test, vep_test_stat(v, VEP_STAT_LINK_DOWN), 1);
	flush_work(&v->link_work);
}

static void vep_test_dma_bar(struct kunit *test)
{
	struct vep *v = vep_test_create(test, "rk3588");
	u32 data = 0;

	/* Without any window, the BAR that is wired to them shows them. */
	vep_ep_cfg_write(v, 0, PCI_BASE_ADDRESS_4, 4, TEST_BAR_ADDR);
	test_enable(v, PCI_COMMAND_MEMORY);
	vep_ep_mem(v, TEST_BAR_ADDR + 0xa0, &data, 4, true);
	KUNIT_EXPECT_EQ(test, vep_test_stat(v, VEP_STAT_EDMA_RING), 1);
	KUNIT_EXPECT_NE(test, vep_ep_mem(v, TEST_BAR_ADDR + VEP_DMA_SIZE, &data,
					 4, true), 0);

	/* Through another BAR nothing reaches them. */
	vep_dbi_write(v, VEP_DBI2_OFFSET + PCI_BASE_ADDRESS_0, 4, 1);
	vep_ep_cfg_write(v, 0, PCI_BASE_ADDRESS_0, 4, TEST_BAR_ADDR + SZ_1M);
	vep_test_bar_window(v, 0, 0, 0, VEP_REG_BASE + VEP_DMA_OFFSET);
	vep_ep_mem(v, TEST_BAR_ADDR + SZ_1M + 0x800a0, &data, 4, true);
	KUNIT_EXPECT_EQ(test, vep_test_stat(v, VEP_STAT_EDMA_RING), 1);
	KUNIT_EXPECT_EQ(test, vep_test_stat(v, VEP_STAT_INBOUND_UNCLAIMED), 2);
}

static void vep_test_edma_emulation(struct kunit *test)
{
	struct vep *v = vep_test_create(test, "imx95");

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
	vep_dma_flush(v);
}

/* Bits of the lines that are asserted */
static unsigned int test_lines(struct vep *v)
{
	unsigned int lines = 0;

	for (unsigned int i = 0; i < VEP_MAX_LINES; i++)
		lines |= v->line[i].level << i;

	return lines;
}

/* A line for each channel: emulation asserts them all. */
static void vep_test_edma_lines(struct kunit *test)
{
	struct vep *v = vep_test_create(test, "rk3588");
	struct test_lli *list = kunit_kzalloc(test, 256, GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, list);
	vep_dma_write(v, 0xa0, 0);
	KUNIT_EXPECT_EQ(test, test_lines(v), 0xf);
	vep_dma_write(v, 0x58, 0);
	KUNIT_EXPECT_EQ(test, test_lines(v), 0);

	/* Write channel 0 aborts: bus mastering is off. */
	list[0] = (struct test_lli) { TEST_LL_CB, 4, virt_to_phys(list),
				      TEST_HOST_ADDR };
	test_edma_run(v, list);
	KUNIT_EXPECT_EQ(test, test_lines(v), BIT(0));
	vep_dma_write(v, 0xa0, 0);
	KUNIT_EXPECT_EQ(test, test_lines(v), 0xf);
	vep_dma_write(v, 0xac, 0);
	KUNIT_EXPECT_EQ(test, test_lines(v), BIT(0));
	vep_dma_write(v, 0x58, ~0U);
	KUNIT_EXPECT_EQ(test, test_lines(v), 0);
}

static u32 test_edma_state(struct vep *v)
{
	return FIELD_GET(GENMASK(6, 5), vep_dma_read(v, 0x200));
}

static void vep_test_edma_list(struct kunit *test)
{
	struct vep *v = vep_test_create(test, "imx95");
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
	struct vep *v = vep_test_create(test, "imx95");
	struct test_lli *list = kunit_kzalloc(test, 256, GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, list);

	/* Bus mastering is off: refused, and the channel says so. */
	list[0] = (struct test_lli) { TEST_LL_CB | TEST_LL_LIE, 4,
				      virt_to_phys(list), TEST_HOST_ADDR };
	test_edma_run(v, list);
	KUNIT_EXPECT_EQ(test, vep_test_stat(v, VEP_STAT_BUS_MASTER_OFF), 1);
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
	vep_dma_flush(v);
	KUNIT_EXPECT_EQ(test, vep_dma_read(v, 0x4c), 0);
}

static void vep_test_hdma(struct kunit *test)
{
	struct vep *v = vep_test_create(test, "bare");
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
	vep_dma_flush(v);
	KUNIT_EXPECT_EQ(test, host[0], TEST_LL_CB);
	KUNIT_EXPECT_EQ(test, vep_dma_read(v, 0x80), 3);
	KUNIT_EXPECT_EQ(test, vep_dma_read(v, 0x84), 0);

	vep_dma_write(v, 0x88, BIT(4));
	vep_dma_write(v, 0x04, 1);
	vep_dma_flush(v);
	KUNIT_EXPECT_EQ(test, vep_dma_read(v, 0x84), 1);
	KUNIT_EXPECT_TRUE(test, v->line[0].level);

	/* There is no interrupt emulation. */
	vep_dma_write(v, 0x8c, ~0U);
	vep_dma_write(v, 0xa0, 0);
	KUNIT_EXPECT_FALSE(test, v->line[0].level);
}

static void vep_test_msi(struct kunit *test)
{
	struct vep *v = vep_test_create(test, "imx95");
	u32 data = 5;

	KUNIT_EXPECT_FALSE(test, vep_msi_write(&v->msi, 5));
	KUNIT_EXPECT_FALSE(test, vep_msi_write(&v->msi, VEP_EP_MSIS));
	KUNIT_EXPECT_FALSE(test, vep_msi_write(&v->msi, ~0U));

	/* An event that is masked stays pending. */
	__set_bit(5, v->msi.used);
	vep_local(v, v->msi.addr, &data, 4, true);
	KUNIT_EXPECT_TRUE(test, test_bit(5, v->msi.pending));
	KUNIT_EXPECT_EQ(test, vep_test_stat(v, VEP_STAT_MSI_RING), 1);
	vep_local(v, v->msi.addr + 4, &data, 4, true);
	KUNIT_EXPECT_EQ(test, vep_test_stat(v, VEP_STAT_MSI_STRAY), 1);
}

/* What a controller that traps was told about some writes */
static void test_host_writes(struct vep *v, u32 offset, size_t len)
{
	u8 data[512] = {};

	vep_ep_mem(v, TEST_BAR_ADDR + offset, data, len, true);
}

static void test_release(void *words)
{
	vep_words_release(words);
}

static struct vep_words *test_words_at(struct kunit *test, struct vep *v,
				       const struct vep_words *where)
{
	struct vep_words *words = kunit_kzalloc(test, sizeof(*words), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, words);
	*words = *where;
	words->written = kunit_kzalloc(test, sizeof(long), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, words->written);
	vep_words_trap(v, words);
	KUNIT_ASSERT_EQ(test, 0,
			kunit_add_action_or_reset(test, test_release, words));

	return words;
}

/* Words of function 0, BAR0, which is a page of memory */
static struct vep_words *test_words(struct kunit *test, struct vep *v, u32 first,
				    u32 stride, unsigned int count)
{
	const struct vep_words where = {
		.first = first, .stride = stride, .count = count,
	};

	return test_words_at(test, v, &where);
}

static unsigned long test_take(struct vep_words *words)
{
	unsigned long written = 0;

	vep_words_take(words, &written);
	return written;
}

static struct vep *test_trap_create(struct kunit *test, u8 **mem)
{
	struct vep *v = vep_test_create(test, "trap");

	*mem = kunit_kzalloc(test, PAGE_SIZE, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, *mem);
	test_bar(v, 0, PAGE_SIZE);
	vep_test_bar_window(v, 0, 0, 0, virt_to_phys(*mem));

	return v;
}

static void vep_test_words(struct kunit *test)
{
	struct vep_words *words, *more;
	struct vep *v;
	u8 *mem;

	v = test_trap_create(test, &mem);
	words = test_words(test, v, 0x104, 12, 3);
	more = test_words(test, v, 0x108, 12, 2);

	/* One word, whatever part of it is written; not what is next to it. */
	test_host_writes(v, 0x110, 4);
	KUNIT_EXPECT_EQ(test, test_take(words), BIT(1));
	test_host_writes(v, 0x104, 1);
	KUNIT_EXPECT_EQ(test, test_take(words), BIT(0));
	test_host_writes(v, 0x11f, 1);
	KUNIT_EXPECT_EQ(test, test_take(words), BIT(2));
	test_host_writes(v, 0x102, 2);
	test_host_writes(v, 0x120, 4);
	test_host_writes(v, 0x10c, 4);
	KUNIT_EXPECT_EQ(test, test_take(words), 0);
	KUNIT_EXPECT_EQ(test, test_take(more), 0);

	/* Several: wider, unaligned, and of several sets */
	test_host_writes(v, 0x103, 2);
	KUNIT_EXPECT_EQ(test, test_take(words), BIT(0));
	test_host_writes(v, 0x104, 8);
	KUNIT_EXPECT_EQ(test, test_take(words), BIT(0));
	KUNIT_EXPECT_EQ(test, test_take(more), BIT(0));
	test_host_writes(v, 0, 512);
	KUNIT_EXPECT_EQ(test, test_take(words), BIT(0) | BIT(1) | BIT(2));
	KUNIT_EXPECT_EQ(test, test_take(more), BIT(0) | BIT(1));
}

static void vep_test_words_elsewhere(struct kunit *test)
{
	const struct vep_words of_func1 = {
		.func = 1, .first = 0x10, .stride = 4, .count = 4,
	};
	const struct vep_words of_bar1 = {
		.bar = 1, .first = 0x10, .stride = 4, .count = 4,
	};
	struct vep_words *words, *func1, *bar1;
	u32 data = 0x5a5a;
	struct vep *v;
	u8 *mem;

	v = test_trap_create(test, &mem);
	words = test_words(test, v, 0x10, 4, 4);
	func1 = test_words_at(test, v, &of_func1);
	bar1 = test_words_at(test, v, &of_bar1);

	/* A read is none, nor a write that did not get there. */
	vep_ep_mem(v, TEST_BAR_ADDR + 0x10, &data, 4, false);
	KUNIT_EXPECT_EQ(test, test_take(words), 0);
	test_ib_write(v, 0, PCIE_ATU_REGION_CTRL2, 0);
	test_host_writes(v, 0x10, 4);
	KUNIT_EXPECT_EQ(test, test_take(words), 0);

	vep_test_bar_window(v, 0, 0, 0, virt_to_phys(mem));
	data = 0x5a5a;
	vep_ep_mem(v, TEST_BAR_ADDR + 0x10, &data, 4, true);
	KUNIT_EXPECT_EQ(test, test_take(words), BIT(0));
	KUNIT_EXPECT_EQ(test, *(u32 *)(mem + 0x10), 0x5a5a);
	KUNIT_EXPECT_EQ(test, test_take(func1), 0);
	KUNIT_EXPECT_EQ(test, test_take(bar1), 0);
}

static bool test_level(struct vep *v)
{
	return v->line[v->board->dma_lines].level;
}

static void vep_test_words_line(struct kunit *test)
{
	struct vep_words *one, *two;
	struct vep *v;
	u8 *mem;

	v = test_trap_create(test, &mem);
	one = test_words(test, v, 0x10, 4, 1);
	two = test_words(test, v, 0x20, 4, 1);

	/* Asserted until all are taken */
	KUNIT_EXPECT_FALSE(test, test_level(v));
	test_host_writes(v, 0x10, 4);
	test_host_writes(v, 0x20, 4);
	KUNIT_EXPECT_TRUE(test, test_level(v));
	KUNIT_EXPECT_EQ(test, test_take(one), 1);
	KUNIT_EXPECT_TRUE(test, test_level(v));
	KUNIT_EXPECT_EQ(test, test_take(two), 1);
	KUNIT_EXPECT_FALSE(test, test_level(v));

	/* Held off for ten seconds: the other one is not. */
	vep_words_hold(one, 10 * NSEC_PER_SEC);
	test_host_writes(v, 0x10, 4);
	KUNIT_EXPECT_FALSE(test, test_level(v));
	KUNIT_EXPECT_EQ(test, test_take(one), 0);
	test_host_writes(v, 0x20, 4);
	KUNIT_EXPECT_TRUE(test, test_level(v));
	KUNIT_EXPECT_EQ(test, test_take(two), 1);

	/* And for no time at all: the timer fires at once, what came is there. */
	vep_words_hold(one, 0);
	while (READ_ONCE(one->held))
		cond_resched();
	KUNIT_EXPECT_TRUE(test, test_level(v));
	KUNIT_EXPECT_EQ(test, test_take(one), 1);

	/* Nobody asserts the line who is gone. */
	test_host_writes(v, 0x10, 4);
	kunit_release_action(test, test_release, one);
	KUNIT_EXPECT_FALSE(test, test_level(v));
	vep_words_hold(one, 0);
	KUNIT_EXPECT_FALSE(test, hrtimer_active(&one->timer));
}

/* Nothing of the endpoint answers any more, neither to the host nor to the EP. */
static void test_dead(struct kunit *test, struct vep *v, u8 *mem)
{
	u32 data = 0;

	KUNIT_EXPECT_EQ(test, vep_ep_cfg_read(v, 0, PCI_VENDOR_ID, 4, &data),
			PCIBIOS_DEVICE_NOT_FOUND);
	KUNIT_EXPECT_EQ(test, data, ~0U);
	KUNIT_EXPECT_EQ(test, vep_ep_cfg_write(v, 0, PCI_COMMAND, 2, 7),
			PCIBIOS_DEVICE_NOT_FOUND);
	data = 0;
	KUNIT_EXPECT_NE(test, vep_ep_mem(v, TEST_BAR_ADDR, &data, 4, false), 0);
	KUNIT_EXPECT_EQ(test, data, ~0U);
	data = 0x1234;
	KUNIT_EXPECT_NE(test, vep_ep_mem(v, TEST_BAR_ADDR, &data, 4, true), 0);
	KUNIT_EXPECT_NULL(test, memchr_inv(mem, 0, PAGE_SIZE));
	KUNIT_EXPECT_NE(test, vep_host_mem(v, 0, TEST_HOST_ADDR, &data, 4, true), 0);

	KUNIT_EXPECT_EQ(test, vep_dbi_read(v, PCI_VENDOR_ID, 4), 0);
	KUNIT_EXPECT_EQ(test, vep_dbi_read(v, PCI_VENDOR_ID, 2), 0);
	vep_dbi_write(v, PCI_VENDOR_ID, 4, 0x12345678);
	test_ib_write(v, 1, PCIE_ATU_LOWER_TARGET, 0x5000);
	KUNIT_EXPECT_EQ(test, vep_atu_read(v, BIT(8) | PCIE_ATU_LIMIT), 0);
	vep_dma_write(v, 0xa0, 0);
	KUNIT_EXPECT_EQ(test, vep_dma_read(v, 0xa0), 0);
	KUNIT_EXPECT_EQ(test, vep_test_stat(v, VEP_STAT_IN_RESET), 7);
	/* Not even the link can be started. */
	vep_link_set(v, &v->started, true);
	KUNIT_EXPECT_FALSE(test, v->link);
}

/* All registers have their reset values. */
static void test_is_reset(struct kunit *test, struct vep *v)
{
	struct vep *fresh = vep_test_create(test, v->board->name);

	vep_dbi_write(fresh, PCIE_MISC_CONTROL_1_OFF, 4, PCIE_DBI_RO_WR_EN);
	vep_dbi_write(fresh, PCI_VENDOR_ID, 4, VEP_TEST_NO_HEADER);
	vep_dbi_write(fresh, PCIE_MISC_CONTROL_1_OFF, 4, 0);
	KUNIT_EXPECT_MEMEQ(test, v->func, fresh->func, sizeof(v->func));
	KUNIT_EXPECT_MEMEQ(test, v->ib, fresh->ib, sizeof(v->ib));
	KUNIT_EXPECT_MEMEQ(test, v->ob, fresh->ob, sizeof(v->ob));
	KUNIT_EXPECT_MEMEQ(test, v->dma, fresh->dma, sizeof(v->dma));
	KUNIT_EXPECT_FALSE(test, v->line[0].level);
}

/* An endpoint that was used in many ways, and its memory */
static struct vep *test_used(struct kunit *test, u8 **mem)
{
	struct vep *v = vep_test_create(test, "imx95");

	*mem = kunit_kzalloc(test, PAGE_SIZE, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, *mem);
	test_bar(v, 0, PAGE_SIZE);
	vep_test_bar_window(v, 0, 0, 0, virt_to_phys(*mem));
	test_addr_window(v, 7, 0x10002000, 0x10002fff, 0x9000, 0);
	vep_atu_write(v, PCIE_ATU_REGION_CTRL2, PCIE_ATU_ENABLE);
	vep_dma_write(v, 0x00c, 1);
	vep_dma_write(v, 0xa0, 0);
	v->notify = test_notify;
	v->notify_data = v->host;
	vep_link_set(v, &v->cut, true);
	vep_link_set(v, &v->cut, false);
	test_bar(v, 0, PAGE_SIZE);
	test_told(test, v, " up host-up");

	return v;
}

static void vep_test_perst(struct kunit *test)
{
	struct vep *v;
	u8 *mem;

	v = test_used(test, &mem);
	KUNIT_EXPECT_TRUE(test, v->line[0].level);
	vep_slot_set(v, &v->perst, true);
	test_told(test, v, " host-down down");
	test_dead(test, v, mem);
	vep_slot_set(v, &v->perst, true);
	test_told(test, v, "");

	/* Out of reset, the link waits until it is started. */
	vep_slot_set(v, &v->perst, false);
	test_told(test, v, " reset");
	test_is_reset(test, v);
	KUNIT_EXPECT_FALSE(test, v->link);
	vep_link_set(v, &v->started, true);
	KUNIT_EXPECT_TRUE(test, v->link);
	test_told(test, v, " up host-up");
}

static void vep_test_hot_remove(struct kunit *test)
{
	struct vep *v;
	u8 *mem;

	v = test_used(test, &mem);
	vep_slot_set(v, &v->pulled, true);
	test_told(test, v, " pulled host-down down");
	test_dead(test, v, mem);

	/* PERST# of an empty slot is nobody's; of one that is not, the host's. */
	vep_slot_set(v, &v->perst, true);
	vep_slot_set(v, &v->pulled, false);
	KUNIT_EXPECT_TRUE(test, v->in_reset);
	test_told(test, v, "");
	vep_slot_set(v, &v->perst, false);
	test_told(test, v, " reset");
	test_is_reset(test, v);
	vep_link_set(v, &v->started, true);
	test_told(test, v, " up host-up");

	/* Where the link was down already there is nobody to tell. */
	vep_link_set(v, &v->cut, true);
	test_told(test, v, " host-down down");
	vep_slot_set(v, &v->pulled, true);
	vep_slot_set(v, &v->pulled, false);
	test_told(test, v, " reset");
}

static int test_patient_mem(void *host, u64 addr, void *buf, size_t len, bool write)
{
	return 0;
}

static const struct vep_host_ops test_patient_host_ops = {
	.mem	= test_patient_mem,
	.link	= test_host_link,
	.pulled	= test_host_pulled,
};

/* A channel that is running when PERST# comes ends, and leaves no trace. */
static void vep_test_perst_dma(struct kunit *test)
{
	struct vep *v = vep_test_create(test, "imx95");
	struct test_lli *list = kunit_kzalloc(test, 256, GFP_KERNEL);
	u64 phys;

	KUNIT_ASSERT_NOT_NULL(test, list);
	phys = virt_to_phys(list);
	test_enable(v, PCI_COMMAND_MASTER);
	v->host_ops = &test_patient_host_ops;
	/* A million times, unless a reset comes */
	list[0] = (struct test_lli) { TEST_LL_CB, 4, phys, TEST_HOST_ADDR };
	list[1] = (struct test_lli) { TEST_LL_LLP, 0, phys };
	vep_dma_write(v, 0x00c, 1);
	vep_dma_write(v, 0x200, BIT(8) | BIT(9));
	vep_dma_write(v, 0x21c, lower_32_bits(phys));
	vep_dma_write(v, 0x220, upper_32_bits(phys));
	vep_dma_write(v, 0x010, 0);
	while (test_edma_state(v) != 1)
		cond_resched();

	vep_slot_set(v, &v->perst, true);
	KUNIT_EXPECT_FALSE(test, v->chan[0].busy);
	vep_slot_set(v, &v->perst, false);
	KUNIT_EXPECT_EQ(test, test_edma_state(v), 0);
	KUNIT_EXPECT_EQ(test, vep_dma_read(v, 0x4c), 0);
	KUNIT_EXPECT_FALSE(test, v->line[0].level);
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
	struct vep *v = vep_test_create(test, "bare");
	u8 *mem = kunit_kzalloc(test, PAGE_SIZE, GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, mem);
	test_bar(v, 0, PAGE_SIZE);
	vep_test_bar_window(v, 0, 0, 0, virt_to_phys(mem));
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
	struct vep *v = vep_test_create(test, "bare");
	u32 *mem = kunit_kzalloc(test, PAGE_SIZE, GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, mem);
	test_bar(v, 0, PAGE_SIZE);
	vep_test_bar_window(v, 0, 0, 0, virt_to_phys(mem));
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
	KUNIT_CASE(vep_test_iommu_neighbours),
	KUNIT_CASE(vep_test_rebar),
	KUNIT_CASE(vep_test_fixed_bar),
	KUNIT_CASE(vep_test_inbound),
	KUNIT_CASE(vep_test_dma_bar),
	KUNIT_CASE(vep_test_edma_emulation),
	KUNIT_CASE(vep_test_edma_lines),
	KUNIT_CASE(vep_test_edma_list),
	KUNIT_CASE(vep_test_edma_abort),
	KUNIT_CASE(vep_test_hdma),
	KUNIT_CASE(vep_test_msi),
	KUNIT_CASE(vep_test_words),
	KUNIT_CASE(vep_test_words_elsewhere),
	KUNIT_CASE(vep_test_words_line),
	KUNIT_CASE(vep_test_perst),
	KUNIT_CASE(vep_test_hot_remove),
	KUNIT_CASE(vep_test_perst_dma),
	KUNIT_CASE(vep_test_commands),
	KUNIT_CASE(vep_test_armed),
	{}
};

static struct kunit_suite vep_test_suite = {
	.name = "vep",
	.test_cases = vep_test_cases,
};

kunit_test_suite(vep_test_suite);
