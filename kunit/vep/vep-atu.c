// SPDX-License-Identifier: GPL-2.0
/*
 * Virtual endpoint: internal address translation unit (iATU), unrolled
 */
#include <linux/bitfield.h>
#include <linux/cleanup.h>
#include <linux/lockdep.h>
#include <linux/minmax.h>
#include <linux/seq_file.h>

#include "pcie-designware.h"
#include "vep.h"

#define VEP_ATU_DIR_IB		BIT(8)
#define VEP_ATU_REG_MASK	0xff
#define VEP_ATU_TYPE		GENMASK(4, 0)
#define VEP_ATU_FUNC		GENMASK(24, 20)
#define VEP_ATU_BAR		GENMASK(10, 8)
/* The address width of the model: a window may cross 4 GiB, not 1 TiB. */
#define VEP_ATU_UPPER_LIMIT	0xff

#define REG(w, name)		((w)->reg[PCIE_ATU_##name / sizeof(u32)])

static u64 vep_window_base(const struct vep_window *w)
{
	return REG(w, LOWER_BASE) | (u64)REG(w, UPPER_BASE) << 32;
}

static u64 vep_window_target(const struct vep_window *w)
{
	return REG(w, LOWER_TARGET) | (u64)REG(w, UPPER_TARGET) << 32;
}

static u64 vep_window_limit(const struct vep_window *w)
{
	u32 upper = REG(w, UPPER_BASE);

	if (REG(w, REGION_CTRL1) & PCIE_ATU_INCREASE_REGION_SIZE)
		upper = (upper & ~VEP_ATU_UPPER_LIMIT) | REG(w, UPPER_LIMIT);

	return REG(w, LIMIT) | (u64)upper << 32;
}

static bool vep_window_on(const struct vep_window *w)
{
	/* Of all TLP types, only memory is modelled: type 0. */
	return (REG(w, REGION_CTRL2) & PCIE_ATU_ENABLE) &&
	       !(REG(w, REGION_CTRL1) & VEP_ATU_TYPE);
}

static bool vep_window_covers(const struct vep_window *w, u64 addr)
{
	return addr >= vep_window_base(w) && addr <= vep_window_limit(w);
}

/* The register at @off, or NULL when there is no such window or register. */
static u32 *vep_atu_reg(struct vep *v, u32 off, u32 *reg)
{
	bool ib = off & VEP_ATU_DIR_IB;
	u32 index = off >> 9;

	*reg = off & VEP_ATU_REG_MASK;
	if (index >= (ib ? v->board->ib_windows : v->board->ob_windows))
		return NULL;
	if (*reg >= sizeof_field(struct vep_window, reg) || !IS_ALIGNED(off, 4))
		return NULL;

	return &(ib ? v->ib : v->ob)[index].reg[*reg / sizeof(u32)];
}

/**
 * vep_atu_init() - reset values
 * @v: the endpoint
 */
void vep_atu_init(struct vep *v)
{
	for (unsigned int i = 0; i < VEP_MAX_WINDOWS; i++) {
		REG(&v->ib[i], LIMIT) = v->board->granule - 1;
		REG(&v->ob[i], LIMIT) = v->board->granule - 1;
	}
}

/**
 * vep_atu_reset() - what PERST# does to the windows
 * @v: the endpoint
 *
 * Returns when no TLP is on its way through one of them any more.
 */
void vep_atu_reset(struct vep *v)
{
	guard(raw_spinlock_irqsave)(&v->atu_lock);
	memset(v->ib, 0, sizeof(v->ib));
	memset(v->ob, 0, sizeof(v->ob));
	vep_atu_init(v);
}

/**
 * vep_atu_read() - read an iATU register
 * @v: the endpoint
 * @off: offset in the iATU block
 *
 * Return: its value, 0 where there is none.
 */
u32 vep_atu_read(struct vep *v, u32 off)
{
	u32 reg, *p = vep_atu_reg(v, off, &reg);

	if (!p)
		return 0;

	guard(raw_spinlock_irqsave)(&v->atu_lock);
	return vep_in_reset(v) ? 0 : *p;
}

/**
 * vep_atu_write() - write an iATU register
 * @v: the endpoint
 * @off: offset in the iATU block
 * @val: value
 *
 * Returns when no TLP is on its way through the old setting any more.
 */
void vep_atu_write(struct vep *v, u32 off, u32 val)
{
	u32 low = v->board->granule - 1;
	u32 reg, *p = vep_atu_reg(v, off, &reg);

	if (!p)
		return;

	switch (reg) {
	case PCIE_ATU_LOWER_BASE:
	case PCIE_ATU_LOWER_TARGET:
		/* The bits below the granule do not exist. */
		val &= ~low;
		break;
	case PCIE_ATU_LIMIT:
		val |= low;
		break;
	case PCIE_ATU_UPPER_LIMIT:
		val &= VEP_ATU_UPPER_LIMIT;
		break;
	}

	guard(raw_spinlock_irqsave)(&v->atu_lock);
	if (!vep_in_reset(v))
		*p = val;
}

static bool vep_window_inbound(const struct vep_window *w,
			       const struct vep_hit *hit, u64 *addr)
{
	u32 ctrl2 = REG(w, REGION_CTRL2);

	if (!vep_window_on(w))
		return false;
	if ((ctrl2 & PCIE_ATU_FUNC_NUM_MATCH_EN) &&
	    FIELD_GET(VEP_ATU_FUNC, REG(w, REGION_CTRL1)) != hit->func)
		return false;

	if (!(ctrl2 & PCIE_ATU_BAR_MODE_ENABLE)) {
		if (!vep_window_covers(w, hit->addr))
			return false;
		*addr = vep_window_target(w) + hit->addr - vep_window_base(w);
		return true;
	}

	if (FIELD_GET(VEP_ATU_BAR, ctrl2) != hit->bar)
		return false;
	/*
	 * The offset replaces the low bits of the target: a target that is not
	 * aligned to the BAR's size silently reaches the wrong place.
	 */
	*addr = (vep_window_target(w) & ~(hit->bar_size - 1)) | hit->offset;
	return true;
}

/**
 * vep_atu_inbound() - translate a host's access
 * @v: the endpoint
 * @hit: the access
 * @addr: receives the EP's address
 *
 * Context: with vep->atu_lock held.
 * Return: false when no window claims the access.
 */
bool vep_atu_inbound(struct vep *v, const struct vep_hit *hit, u64 *addr)
{
	lockdep_assert_held(&v->atu_lock);

	/* When windows overlap, the lowest number wins. */
	for (unsigned int i = 0; i < v->board->ib_windows; i++)
		if (vep_window_inbound(&v->ib[i], hit, addr))
			return true;

	return false;
}

/**
 * vep_atu_outbound() - translate an EP's access
 * @v: the endpoint
 * @cpu: address in the outbound space
 * @func: receives the function that speaks
 * @pci: receives the PCI address
 *
 * Context: with vep->atu_lock held.
 * Return: false when no window claims the access.
 */
bool vep_atu_outbound(struct vep *v, u64 cpu, unsigned int *func, u64 *pci)
{
	lockdep_assert_held(&v->atu_lock);

	for (unsigned int i = 0; i < v->board->ob_windows; i++) {
		const struct vep_window *w = &v->ob[i];

		if (!vep_window_on(w) || !vep_window_covers(w, cpu))
			continue;
		*func = FIELD_GET(VEP_ATU_FUNC, REG(w, REGION_CTRL1));
		*pci = vep_window_target(w) + cpu - vep_window_base(w);
		return true;
	}

	return false;
}

static void vep_window_show(struct seq_file *s, const char *dir,
			    unsigned int i, const struct vep_window *w)
{
	u32 ctrl2 = REG(w, REGION_CTRL2);

	if (!(ctrl2 & PCIE_ATU_ENABLE))
		return;

	seq_printf(s, "%s%u func %lu%s", dir, i,
		   FIELD_GET(VEP_ATU_FUNC, REG(w, REGION_CTRL1)),
		   ctrl2 & PCIE_ATU_FUNC_NUM_MATCH_EN ? " only" : "");
	if (ctrl2 & PCIE_ATU_BAR_MODE_ENABLE)
		seq_printf(s, " bar %lu", FIELD_GET(VEP_ATU_BAR, ctrl2));
	else
		seq_printf(s, " 0x%llx-0x%llx", vep_window_base(w),
			   vep_window_limit(w));
	seq_printf(s, " -> 0x%llx\n", vep_window_target(w));
}

/**
 * vep_atu_show() - print the live windows
 * @v: the endpoint
 * @s: where to
 */
void vep_atu_show(struct vep *v, struct seq_file *s)
{
	struct vep_window w;

	for (unsigned int i = 0; i < v->board->ib_windows; i++) {
		scoped_guard(raw_spinlock_irqsave, &v->atu_lock)
			w = v->ib[i];
		vep_window_show(s, "ib", i, &w);
	}
	for (unsigned int i = 0; i < v->board->ob_windows; i++) {
		scoped_guard(raw_spinlock_irqsave, &v->atu_lock)
			w = v->ob[i];
		vep_window_show(s, "ob", i, &w);
	}
}
