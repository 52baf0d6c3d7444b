// SPDX-License-Identifier: GPL-2.0
/*
 * Virtual endpoint: how an access finds its way
 *
 *   EP's CPU ----> registers
 *            ----> outbound windows ----> host memory, host MSI
 *   host's CPU --> BARs, inbound windows, EP IOMMU ----> EP memory, registers
 *   DMA engine --> EP IOMMU ----> EP memory, registers
 *              --> host memory, host MSI
 */
#include <linux/array_size.h>
#include <linux/cleanup.h>
#include <linux/export.h>
#include <linux/log2.h>
#include <linux/logic_iomem.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/slab.h>

#include "vep.h"

/**
 * vep_load() - read a value from memory
 * @p: where from
 * @size: 1, 2, 4 or 8
 *
 * Return: the value.
 */
u64 vep_load(const void *p, int size)
{
	switch (size) {
	case 1:
		return READ_ONCE(*(u8 *)p);
	case 2:
		return READ_ONCE(*(u16 *)p);
	case 4:
		return READ_ONCE(*(u32 *)p);
	default:
		return READ_ONCE(*(u64 *)p);
	}
}

/**
 * vep_store() - write a value to memory, in one go
 * @p: where to
 * @size: 1, 2, 4 or 8
 * @val: the value
 */
void vep_store(void *p, int size, u64 val)
{
	switch (size) {
	case 1:
		WRITE_ONCE(*(u8 *)p, val);
		break;
	case 2:
		WRITE_ONCE(*(u16 *)p, val);
		break;
	case 4:
		WRITE_ONCE(*(u32 *)p, val);
		break;
	default:
		WRITE_ONCE(*(u64 *)p, val);
		break;
	}
}

/**
 * vep_is_ram() - is a physical range memory
 * @phys: start
 * @len: length, at most one page
 *
 * Return: whether it can be copied from and to.
 */
bool vep_is_ram(u64 phys, size_t len)
{
	return phys + len - 1 < VEP_REG_BASE && pfn_valid(PHYS_PFN(phys)) &&
	       pfn_valid(PHYS_PFN(phys + len - 1));
}

/**
 * vep_ram_copy() - move data between a TLP and memory
 * @phys: physical address of the memory
 * @buf: data of the TLP
 * @len: its length
 * @write: into the memory
 *
 * A naturally aligned word is written in one go, or the other side's polling
 * could see half of it.
 */
void vep_ram_copy(u64 phys, void *buf, size_t len, bool write)
{
	bool word = len <= sizeof(u64) && is_power_of_2(len) &&
		    IS_ALIGNED(phys, len) && IS_ALIGNED((uintptr_t)buf, len);
	void *mem = phys_to_virt(phys);

	if (word && write)
		vep_store(mem, len, vep_load(buf, len));
	else if (word)
		vep_store(buf, len, vep_load(mem, len));
	else if (write)
		memcpy(mem, buf, len);
	else
		memcpy(buf, mem, len);
}

/**
 * vep_tlp_len() - how much of an access goes into the next TLP
 * @addr: start of what is left
 * @len: length of what is left
 *
 * Return: a length that crosses no boundary of VEP_MAX_TLP, thus no page and
 * no window.
 */
size_t vep_tlp_len(u64 addr, size_t len)
{
	return min_t(size_t, len, VEP_MAX_TLP - (addr & (VEP_MAX_TLP - 1)));
}

static u64 vep_reg_read(struct vep *v, u32 off, int size)
{
	if (off < VEP_DBI_STRIDE * VEP_MAX_FUNCS && size <= 4)
		return vep_dbi_read(v, off, size);
	if (!IS_ALIGNED(off, 4) || size < 4)
		return 0;
	if (size == 8)
		return vep_reg_read(v, off, 4) |
		       (u64)vep_reg_read(v, off + 4, 4) << 32;
	if (off >= VEP_DMA_OFFSET && off < VEP_DMA_OFFSET + VEP_DMA_SIZE)
		return vep_dma_read(v, off - VEP_DMA_OFFSET);
	if (off >= VEP_ATU_OFFSET && off < VEP_DMA_OFFSET)
		return vep_atu_read(v, off - VEP_ATU_OFFSET);

	return 0;
}

static void vep_msi_ring(struct vep *v, u32 off, u32 val)
{
	if (off == VEP_MSI_DOORBELL && vep_msi_write(&v->msi, val))
		vep_count(v, VEP_STAT_MSI_RING);
	else
		vep_count(v, VEP_STAT_MSI_STRAY);
}

static void vep_reg_write(struct vep *v, u32 off, int size, u64 val)
{
	if (off < VEP_DBI_STRIDE * VEP_MAX_FUNCS && size <= 4) {
		vep_dbi_write(v, off, size, val);
		return;
	}
	if (!IS_ALIGNED(off, 4) || size < 4)
		return;
	if (size == 8) {
		vep_reg_write(v, off, 4, lower_32_bits(val));
		vep_reg_write(v, off + 4, 4, upper_32_bits(val));
		return;
	}

	if (v->board->msi && off >= VEP_MSI_OFFSET)
		vep_msi_ring(v, off - VEP_MSI_OFFSET, val);
	else if (off >= VEP_DMA_OFFSET && off < VEP_DMA_OFFSET + VEP_DMA_SIZE)
		vep_dma_write(v, off - VEP_DMA_OFFSET, val);
	else if (off >= VEP_ATU_OFFSET && off < VEP_DMA_OFFSET)
		vep_atu_write(v, off - VEP_ATU_OFFSET, val);
}

static bool vep_is_reg(struct vep *v, u64 phys, size_t len)
{
	u32 off = phys - VEP_REG_BASE;

	if (phys < VEP_REG_BASE || phys + len > VEP_REG_BASE + VEP_REG_SIZE)
		return false;

	return off < VEP_DBI_STRIDE * v->board->functions ||
	       (off >= VEP_ATU_OFFSET && off < VEP_ATU_OFFSET + SZ_8K) ||
	       (off >= VEP_DMA_OFFSET && off < VEP_DMA_OFFSET + VEP_DMA_SIZE) ||
	       (v->board->msi && off >= VEP_MSI_OFFSET);
}

/* The largest register access that @off and @len allow. */
static int vep_reg_step(u32 off, size_t len)
{
	if ((off & 1) || len < 2)
		return 1;
	if ((off & 2) || len < 4)
		return 2;

	return (off & 4) || len < 8 ? 4 : 8;
}

/* The registers, for a CPU or another bus master */
static int vep_reg_access(struct vep *v, u64 phys, void *buf, size_t len,
			  bool write)
{
	u32 off = phys - VEP_REG_BASE;
	u64 val;

	while (len) {
		int size = vep_reg_step(off, len);

		if (write) {
			val = 0;
			memcpy(&val, buf, size);
			vep_reg_write(v, off, size, val);
		} else {
			val = vep_reg_read(v, off, size);
			memcpy(buf, &val, size);
		}
		off += size;
		buf += size;
		len -= size;
	}

	return 0;
}

/*
 * One TLP to a bus address of the EP. Copies memory at once; for anything
 * else, hands out the physical address: registers take locks of their own.
 */
static int vep_local_ram(struct vep *v, u64 addr, void *buf, size_t len,
			 bool write, u64 *phys)
{
	int ret;

	guard(raw_spinlock_irqsave)(&v->iommu.lock);
	ret = vep_iommu_translate(&v->iommu, addr, len, write, phys);
	if (ret)
		return ret;
	if (!vep_is_ram(*phys, len))
		return -ENXIO;
	vep_ram_copy(*phys, buf, len, write);

	return 0;
}

/* @windowed: through an inbound window, which some registers are not behind. */
static int vep_local_rest(struct vep *v, int ret, u64 addr, u64 phys, void *buf,
			  size_t len, bool write, bool windowed)
{
	u32 off = phys - VEP_REG_BASE;

	if (!ret)
		return 0;

	if (ret != -ENXIO) {
		vep_count(v, VEP_STAT_IOMMU_FAULTS);
		pr_err("vep: fault: device %s 0x%llx, %s\n",
		       write ? "write to" : "read of", addr,
		       ret == -EACCES ? "not mapped for that" : "not mapped");
		return ret;
	}

	if (vep_is_reg(v, phys, len)) {
		if (!windowed || !v->board->dma_bar_only ||
		    off < VEP_DMA_OFFSET || off >= VEP_DMA_OFFSET + VEP_DMA_SIZE)
			return vep_reg_access(v, phys, buf, len, write);
		vep_unclaimed(v, VEP_STAT_INBOUND_UNCLAIMED,
			      "no window reaches the DMA engine on this board\n");
		return -ENXIO;
	}

	vep_unclaimed(v, VEP_STAT_UNKNOWN_LOCAL, "nothing at EP address 0x%llx\n",
		      phys);
	return -ENXIO;
}

/**
 * vep_local() - a bus master of the EP other than its CPU accesses memory
 * @v: the endpoint
 * @addr: bus address
 * @buf: data
 * @len: length
 * @write: direction
 *
 * Context: any, without the locks of the model.
 * Return: 0 or a negative errno.
 */
int vep_local(struct vep *v, u64 addr, void *buf, size_t len, bool write)
{
	while (len) {
		size_t n = vep_tlp_len(addr, len);
		u64 phys = addr;
		int ret;

		ret = vep_local_ram(v, addr, buf, n, write, &phys);
		ret = vep_local_rest(v, ret, addr, phys, buf, n, write, false);
		if (ret)
			return ret;
		addr += n;
		buf += n;
		len -= n;
	}

	return 0;
}

/* The BAR that shows the DMA engine by wiring, not by a window */
static int vep_dma_bar(struct vep *v, const struct vep_hit *hit, void *buf,
		       size_t len, bool write)
{
	if (hit->offset + len > VEP_DMA_SIZE) {
		vep_unclaimed(v, VEP_STAT_INBOUND_UNCLAIMED,
			      "BAR%u+0x%llx, nothing there\n", hit->bar,
			      hit->offset);
		return -ENXIO;
	}

	return vep_reg_access(v, VEP_REG_BASE + VEP_DMA_OFFSET + hit->offset,
			      buf, len, write);
}

static int vep_inbound(struct vep *v, u64 pci, void *buf, size_t len, bool write)
{
	struct vep_hit hit;
	u64 addr, phys;
	int ret;

	if (!READ_ONCE(v->link)) {
		vep_count(v, VEP_STAT_LINK_DOWN);
		return -ENODEV;
	}
	if (!vep_bar_decode(v, pci, len, &hit)) {
		vep_unclaimed(v, VEP_STAT_INBOUND_UNCLAIMED,
			      "no BAR at PCI address 0x%llx\n", pci);
		return -ENXIO;
	}
	if (hit.bar == v->board->dma_bar)
		return vep_dma_bar(v, &hit, buf, len, write);

	scoped_guard(raw_spinlock_irqsave, &v->atu_lock) {
		ret = -ESRCH;
		if (vep_atu_inbound(v, &hit, &addr)) {
			phys = addr;
			ret = vep_local_ram(v, addr, buf, len, write, &phys);
		}
	}
	if (ret == -ESRCH) {
		vep_unclaimed(v, VEP_STAT_INBOUND_UNCLAIMED,
			      "function %u BAR%u+0x%llx, no window\n",
			      hit.func, hit.bar, hit.offset);
		return -ENXIO;
	}

	ret = vep_local_rest(v, ret, addr, phys, buf, len, write, true);
	if (!ret && write && v->board->trap)
		vep_words_write(v, &hit, len);

	return ret;
}

/**
 * vep_ep_mem() - the host accesses PCI memory space
 * @v: the endpoint
 * @addr: PCI address
 * @buf: data
 * @len: length
 * @write: direction
 *
 * A read that fails returns all ones.
 *
 * Context: any, without the locks of the model.
 * Return: 0 or a negative errno, which a real host would not see.
 */
int vep_ep_mem(struct vep *v, u64 addr, void *buf, size_t len, bool write)
{
	int ret = 0;

	while (len) {
		size_t n = vep_tlp_len(addr, len);
		int err = vep_inbound(v, addr, buf, n, write);

		if (err && !write)
			memset(buf, 0xff, n);
		ret = ret ?: err;
		addr += n;
		buf += n;
		len -= n;
	}

	return ret;
}

/**
 * vep_host_write_armed() - a moment is here that a write of the host waits for
 * @v: the endpoint
 * @moment: which
 *
 * Context: any, without the locks of the model.
 */
void vep_host_write_armed(struct vep *v, enum vep_moment moment)
{
	struct vep_armed armed;

	scoped_guard(raw_spinlock_irqsave, &v->lock) {
		armed = v->armed[moment];
		v->armed[moment].addr = 0;
	}
	if (armed.addr)
		vep_ep_mem(v, armed.addr, &armed.data, sizeof(armed.data), true);
}
EXPORT_SYMBOL_GPL(vep_host_write_armed);

/**
 * vep_host_mem() - the EP accesses the host's memory
 * @v: the endpoint
 * @func: function that speaks
 * @addr: PCI address
 * @buf: data
 * @len: length
 * @write: direction
 *
 * Context: any, without the locks of the model.
 * Return: 0 or a negative errno.
 */
int vep_host_mem(struct vep *v, unsigned int func, u64 addr, void *buf,
		 size_t len, bool write)
{
	if (!READ_ONCE(v->link) || !v->host_ops) {
		vep_count(v, VEP_STAT_LINK_DOWN);
		return -ENODEV;
	}
	if (!vep_bus_master(v, func)) {
		vep_unclaimed(v, VEP_STAT_BUS_MASTER_OFF,
			      "DMA of function %u to 0x%llx, bus mastering is off\n",
			      func, addr);
		return -EPERM;
	}

	while (len) {
		size_t n = vep_tlp_len(addr, len);
		int ret = v->host_ops->mem(v->host, addr, buf, n, write);

		if (ret) {
			vep_unclaimed(v, VEP_STAT_HOST_DMA_FAULTS,
				      "the host refuses %s 0x%llx (%d)\n",
				      write ? "a write to" : "a read of", addr,
				      ret);
			return ret;
		}
		addr += n;
		buf += n;
		len -= n;
	}

	return 0;
}

/**
 * vep_outbound() - the EP's CPU accesses its outbound space
 * @v: the endpoint
 * @cpu: physical address
 * @buf: data
 * @len: length
 * @write: direction
 *
 * A read that fails returns all ones.
 *
 * Return: 0 or a negative errno, which a real CPU would not see.
 */
int vep_outbound(struct vep *v, u64 cpu, void *buf, size_t len, bool write)
{
	int ret = 0;

	while (len) {
		size_t n = vep_tlp_len(cpu, len);
		unsigned int func;
		bool hit;
		u64 pci;
		int err;

		scoped_guard(raw_spinlock_irqsave, &v->atu_lock)
			hit = vep_atu_outbound(v, cpu, &func, &pci);
		if (hit) {
			err = vep_host_mem(v, func, pci, buf, n, write);
		} else {
			vep_unclaimed(v, VEP_STAT_OUTBOUND_UNCLAIMED,
				      "outbound 0x%llx, no window\n", cpu);
			err = -ENXIO;
		}
		if (err && !write)
			memset(buf, 0xff, n);
		ret = ret ?: err;
		cpu += n;
		buf += n;
		len -= n;
	}

	return ret;
}

/*
 * What the CPUs reach with ioremap(). The regions are for ever, and there is
 * one endpoint in a kernel.
 */
struct vep_mapping {
	struct vep *v;
	u64 base;
	int (*access)(struct vep *v, u64 addr, void *buf, size_t len, bool write);
};

static unsigned long vep_io_read(void *priv, unsigned int off, int size)
{
	struct vep_mapping *m = priv;
	u64 val = 0;

	m->access(m->v, m->base + off, &val, size, false);
	return val;
}

static void vep_io_write(void *priv, unsigned int off, int size,
			 unsigned long val)
{
	struct vep_mapping *m = priv;
	u64 data = val;

	m->access(m->v, m->base + off, &data, size, true);
}

static void vep_io_copy_from(void *priv, void *buf, unsigned int off, int size)
{
	struct vep_mapping *m = priv;

	m->access(m->v, m->base + off, buf, size, false);
}

static void vep_io_copy_to(void *priv, unsigned int off, const void *buf,
			   int size)
{
	struct vep_mapping *m = priv;

	m->access(m->v, m->base + off, (void *)buf, size, true);
}

static void vep_io_unmap(void *priv)
{
	kfree(priv);
}

static const struct logic_iomem_ops vep_io_ops = {
	.read = vep_io_read,
	.write = vep_io_write,
	.copy_from = vep_io_copy_from,
	.copy_to = vep_io_copy_to,
	.unmap = vep_io_unmap,
};

static long vep_io_map(u64 base,
		       int (*access)(struct vep *v, u64 addr, void *buf,
				     size_t len, bool write),
		       const struct logic_iomem_ops **ops, void **priv)
{
	struct vep_mapping *m = kzalloc_obj(*m);

	if (!m)
		return -ENOMEM;

	m->v = vep_get();
	m->base = base;
	m->access = access;
	*ops = &vep_io_ops;
	*priv = m;

	return 0;
}

static long vep_map_regs(unsigned long offset, size_t size,
			 const struct logic_iomem_ops **ops, void **priv)
{
	return vep_io_map(VEP_REG_BASE + offset, vep_reg_access, ops, priv);
}

static long vep_map_ob(unsigned long offset, size_t size,
		       const struct logic_iomem_ops **ops, void **priv)
{
	return vep_io_map(VEP_OB_BASE + offset, vep_outbound, ops, priv);
}

static long vep_map_win(unsigned long offset, size_t size,
			const struct logic_iomem_ops **ops, void **priv)
{
	return vep_io_map(VEP_WIN_BASE + offset, vep_ep_mem, ops, priv);
}

static struct resource vep_res[] = {
	DEFINE_RES_MEM_NAMED(VEP_REG_BASE, VEP_REG_SIZE, "vep registers"),
	DEFINE_RES_MEM_NAMED(VEP_OB_BASE, VEP_OB_SIZE, "vep outbound"),
	DEFINE_RES_MEM_NAMED(VEP_WIN_BASE, VEP_WIN_SIZE, "vep PCI window"),
};

static const struct logic_iomem_region_ops vep_regions[] = {
	{ .map = vep_map_regs },
	{ .map = vep_map_ob },
	{ .map = vep_map_win },
};

/**
 * vep_host_window() - the host's PCI memory window
 *
 * Return: the resource.
 */
struct resource *vep_host_window(void)
{
	return &vep_res[2];
}

/**
 * vep_bus_init() - put the endpoint into the physical address map
 *
 * Return: 0 or a negative errno.
 */
int vep_bus_init(void)
{
	static_assert(ARRAY_SIZE(vep_res) == ARRAY_SIZE(vep_regions));

	for (unsigned int i = 0; i < ARRAY_SIZE(vep_res); i++) {
		int ret = logic_iomem_add_region(&vep_res[i], &vep_regions[i]);

		if (ret) {
			pr_err("vep: no room for %pR, is there too much memory?\n",
			       &vep_res[i]);
			return ret;
		}
	}

	return 0;
}
