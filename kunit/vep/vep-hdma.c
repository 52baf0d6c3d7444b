// SPDX-License-Identifier: GPL-2.0
/*
 * Virtual endpoint: HDMA native register map of the DMA engine
 *
 * Every channel has all of its registers; there is no interrupt emulation.
 */
#include <linux/bitfield.h>

#include "vep.h"

#define VEP_HDMA_CH_EN		0x00
#define VEP_HDMA_DOORBELL	0x04
#define VEP_HDMA_LLP		0x10
#define VEP_HDMA_CYCLE		0x18
#define VEP_HDMA_CONTROL1	0x34
#define VEP_HDMA_FUNC		0x38
#define VEP_HDMA_CH_STAT	0x80
#define VEP_HDMA_INT_STAT	0x84
#define VEP_HDMA_INT_SETUP	0x88
#define VEP_HDMA_INT_CLEAR	0x8c
#define VEP_HDMA_MSI_STOP	0x90
#define VEP_HDMA_MSI_ABORT	0xa0
#define VEP_HDMA_MSI_DATA	0xa8

#define VEP_HDMA_DB_START	BIT(0)
#define VEP_HDMA_DB_STOP	BIT(1)
#define VEP_HDMA_CCS		BIT(1)
#define VEP_HDMA_LL_EN		BIT(0)
#define VEP_HDMA_RUNNING	1
#define VEP_HDMA_ABORTED	2
#define VEP_HDMA_STOPPED	3
/* In INT_STAT and INT_CLEAR, and as masks of the local line in INT_SETUP */
#define VEP_HDMA_STOP		BIT(0)
#define VEP_HDMA_ABORT		BIT(2)
/* Only in INT_SETUP */
#define VEP_HDMA_RSIE		BIT(3)
#define VEP_HDMA_LSIE		BIT(4)
#define VEP_HDMA_RAIE		BIT(5)
#define VEP_HDMA_LAIE		BIT(6)

static u32 *vep_hdma_reg(struct vep_chan *c, u32 reg)
{
	u32 off = c->id * 0x200 + (c->read ? 0x100 : 0) + reg;

	return &c->v->dma[off / sizeof(u32)];
}

static u64 vep_hdma_reg64(struct vep_chan *c, u32 reg)
{
	return *vep_hdma_reg(c, reg) | (u64)*vep_hdma_reg(c, reg + 4) << 32;
}

static void vep_hdma_init(struct vep *v)
{
}

static u32 vep_hdma_read(struct vep *v, u32 off)
{
	return v->dma[off / sizeof(u32)];
}

static void vep_hdma_write(struct vep *v, u32 off, u32 val)
{
	struct vep_chan *c = vep_dma_chan(v, off & 0x100, off / 0x200);

	if (!c)
		return;

	switch (off & 0xff) {
	case VEP_HDMA_DOORBELL:
		if (val & VEP_HDMA_DB_STOP)
			c->stop = true;
		else if (val & VEP_HDMA_DB_START)
			vep_dma_start(c);
		return;
	case VEP_HDMA_INT_CLEAR:
		*vep_hdma_reg(c, VEP_HDMA_INT_STAT) &= ~val;
		return;
	case VEP_HDMA_INT_STAT:
	case VEP_HDMA_CH_STAT:
		return;
	case VEP_HDMA_CYCLE:
		WRITE_ONCE(c->ccs, !!(val & VEP_HDMA_CCS));
		break;
	}
	v->dma[off / sizeof(u32)] = val;
}

static bool vep_hdma_runs(struct vep_chan *c)
{
	return *vep_hdma_reg(c, VEP_HDMA_CH_EN) & BIT(0);
}

static bool vep_hdma_begin(struct vep_chan *c, struct vep_dma_run *run)
{
	if (!vep_hdma_runs(c) ||
	    !(*vep_hdma_reg(c, VEP_HDMA_CONTROL1) & VEP_HDMA_LL_EN))
		return false;

	run->llp = vep_hdma_reg64(c, VEP_HDMA_LLP);
	run->func = *vep_hdma_reg(c, VEP_HDMA_FUNC);
	*vep_hdma_reg(c, VEP_HDMA_CH_STAT) = VEP_HDMA_RUNNING;

	return true;
}

/* A channel that ends says so, whether or not an element asked for it. */
static void vep_hdma_finish(struct vep_chan *c, const struct vep_dma_run *run)
{
	u32 setup = *vep_hdma_reg(c, VEP_HDMA_INT_SETUP);
	u32 *stat = vep_hdma_reg(c, VEP_HDMA_INT_STAT);

	*vep_hdma_reg(c, VEP_HDMA_LLP) = lower_32_bits(run->llp);
	*vep_hdma_reg(c, VEP_HDMA_LLP + 4) = upper_32_bits(run->llp);
	*vep_hdma_reg(c, VEP_HDMA_CH_STAT) = run->aborted ? VEP_HDMA_ABORTED :
							    VEP_HDMA_STOPPED;
	if (run->aborted && (setup & VEP_HDMA_LAIE))
		*stat |= VEP_HDMA_ABORT;
	if (!run->aborted && (setup & VEP_HDMA_LSIE))
		*stat |= VEP_HDMA_STOP;
}

static bool vep_hdma_message(struct vep_chan *c, const struct vep_dma_run *run,
			     u64 *addr, u32 *data)
{
	u32 setup = *vep_hdma_reg(c, VEP_HDMA_INT_SETUP);

	*addr = vep_hdma_reg64(c, run->aborted ? VEP_HDMA_MSI_ABORT :
						 VEP_HDMA_MSI_STOP);
	*data = *vep_hdma_reg(c, VEP_HDMA_MSI_DATA);

	return setup & (run->aborted ? VEP_HDMA_RAIE : VEP_HDMA_RSIE);
}

static bool vep_hdma_pending(struct vep_chan *c)
{
	return *vep_hdma_reg(c, VEP_HDMA_INT_STAT) &
	       ~*vep_hdma_reg(c, VEP_HDMA_INT_SETUP) &
	       (VEP_HDMA_STOP | VEP_HDMA_ABORT);
}

static bool vep_hdma_line(struct vep *v, unsigned int line)
{
	unsigned int n = v->board->wr_chans + v->board->rd_chans;

	if (v->board->dma_lines != 1)
		return vep_hdma_pending(&v->chan[line]);

	for (unsigned int i = 0; i < n; i++)
		if (vep_hdma_pending(&v->chan[i]))
			return true;

	return false;
}

/* HDMA, native map */
const struct vep_dma_ops vep_hdma_v0 = {
	.init		= vep_hdma_init,
	.read		= vep_hdma_read,
	.write		= vep_hdma_write,
	.begin		= vep_hdma_begin,
	.runs		= vep_hdma_runs,
	.finish		= vep_hdma_finish,
	.message	= vep_hdma_message,
	.line		= vep_hdma_line,
};
