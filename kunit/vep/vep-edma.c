// SPDX-License-Identifier: GPL-2.0
/*
 * Virtual endpoint: the DMA engine, and its eDMA v0 register map (unrolled)
 *
 * No databook was at hand: what a linked list means is read from what
 * dw-edma-v0-core.c writes into it.
 */
#include <linux/bitfield.h>
#include <linux/cleanup.h>
#include <linux/sched.h>

#include "vep.h"

/* Control word of a list element, the same in both register maps */
#define VEP_LL_CB		BIT(0)
#define VEP_LL_TCB		BIT(1)
#define VEP_LL_LLP		BIT(2)
#define VEP_LL_LIE		BIT(3)
#define VEP_LL_RIE		BIT(4)
/* Longer than any driver's list; a list that loops ends here. */
#define VEP_LL_MAX		BIT(20)
#define VEP_LL_MAX_LINKS	4

#define VEP_V0_CTRL		0x008
#define VEP_V0_CH_CTRL		0x000
#define VEP_V0_CH_LLP		0x01c
#define VEP_V0_CH_STATE		GENMASK(6, 5)
#define VEP_V0_CH_RUNNING	1
#define VEP_V0_CH_HALTED	2
#define VEP_V0_CH_STOPPED	3
#define VEP_V0_CH_CCS		BIT(8)
#define VEP_V0_CH_LLE		BIT(9)
#define VEP_V0_CH_FUNC		GENMASK(16, 12)
#define VEP_V0_DB_CHAN		GENMASK(2, 0)
#define VEP_V0_DB_STOP		BIT(31)

/* What each direction has of its own */
struct vep_v0_dir {
	u16 engine_en;
	u16 doorbell;
	u16 status;
	u16 mask;
	u16 clear;
	u16 done_imwr;
	u16 abort_imwr;
	u16 imwr_data;
};

static const struct vep_v0_dir vep_v0_dir[2] = {
	{ 0x00c, 0x010, 0x04c, 0x054, 0x058, 0x060, 0x068, 0x070 },
	{ 0x02c, 0x030, 0x0a0, 0x0a8, 0x0ac, 0x0cc, 0x0d4, 0x0dc },
};

/* One element of a list; that of a link has its target in @sar. */
struct vep_lli {
	u32 control;
	u32 size;
	u64 sar;
	u64 dar;
} __packed;

static u32 *vep_dma_reg(struct vep *v, u32 off)
{
	return &v->dma[off / sizeof(u32)];
}

/**
 * vep_dma_chan() - find a channel
 * @v: the endpoint
 * @read: its direction
 * @id: its number
 *
 * Return: the channel, NULL when there is none.
 */
struct vep_chan *vep_dma_chan(struct vep *v, bool read, unsigned int id)
{
	if (id >= (read ? v->board->rd_chans : v->board->wr_chans))
		return NULL;

	return &v->chan[read ? v->board->wr_chans + id : id];
}

/**
 * vep_dma_start() - a channel's doorbell
 * @c: the channel
 *
 * Context: with vep->lock held.
 */
void vep_dma_start(struct vep_chan *c)
{
	c->stop = false;
	queue_work(c->v->wq, &c->work);
}

static int vep_dma_move(struct vep_chan *c, const struct vep_dma_run *run,
			const struct vep_lli *e)
{
	u8 tlp[VEP_MAX_TLP] __aligned(8);
	u64 src = e->sar, dst = e->dar;
	u32 left = e->size;

	while (left) {
		u32 n = min_t(u32, left, sizeof(tlp));
		int ret;

		if (c->read)
			ret = vep_host_mem(c->v, run->func, src, tlp, n, false) ?:
			      vep_local(c->v, dst, tlp, n, true);
		else
			ret = vep_local(c->v, src, tlp, n, false) ?:
			      vep_host_mem(c->v, run->func, dst, tlp, n, true);
		if (ret)
			return ret;
		src += n;
		dst += n;
		left -= n;
	}

	return 0;
}

static bool vep_dma_runs(struct vep_chan *c)
{
	guard(raw_spinlock_irqsave)(&c->v->lock);
	return !c->stop && c->v->dma_ops->runs(c);
}

/* One element; false: the run is over. */
static bool vep_dma_step(struct vep_chan *c, struct vep_dma_run *run,
			 unsigned int *links)
{
	struct vep_lli e;

	run->aborted = true;
	if (vep_local(c->v, run->llp, &e, sizeof(e), false))
		return false;

	if (e.control & VEP_LL_LLP) {
		/* Followed whatever its cycle bit says. */
		if (e.control & VEP_LL_TCB)
			WRITE_ONCE(c->ccs, !c->ccs);
		run->llp = e.sar;
		return ++*links < VEP_LL_MAX_LINKS;
	}

	*links = 0;
	if (!!(e.control & VEP_LL_CB) != READ_ONCE(c->ccs)) {
		run->aborted = false;
		return false;
	}
	if (vep_dma_move(c, run, &e))
		return false;
	run->irq |= !!(e.control & VEP_LL_LIE);
	run->remote |= !!(e.control & VEP_LL_RIE);
	run->llp += sizeof(e);

	return true;
}

static void vep_dma_walk(struct vep_chan *c, struct vep_dma_run *run)
{
	unsigned int links = 0;

	for (unsigned long n = 0; n < VEP_LL_MAX; n++) {
		if (!vep_dma_runs(c)) {
			run->aborted = false;
			return;
		}
		if (!vep_dma_step(c, run, &links))
			return;
		cond_resched();
	}
}

/* Context: with vep->lock held. */
static void vep_dma_update_lines(struct vep *v)
{
	for (unsigned int i = 0; i < v->board->dma_lines; i++)
		vep_line_set(v, i, v->dma_emul || v->dma_ops->line(v, i));
}

static void vep_dma_work(struct work_struct *work)
{
	struct vep_chan *c = container_of(work, struct vep_chan, work);
	struct vep_dma_run run = {};
	struct vep *v = c->v;
	bool message;
	u64 addr;
	u32 data;

	scoped_guard(raw_spinlock_irqsave, &v->lock)
		if (!v->dma_ops->begin(c, &run))
			return;

	vep_dma_walk(c, &run);

	scoped_guard(raw_spinlock_irqsave, &v->lock) {
		/* Nothing is left that could tell how it ended. */
		if (v->in_reset)
			return;
		v->dma_ops->finish(c, &run);
		message = v->dma_ops->message(c, &run, &addr, &data);
		vep_dma_update_lines(v);
	}
	if (message)
		vep_host_mem(v, run.func, addr, &data, sizeof(data), true);
}

/**
 * vep_dma_init() - make the engine
 * @v: the endpoint
 *
 * Return: 0 or -ENOMEM.
 */
int vep_dma_init(struct vep *v)
{
	v->dma_ops = v->board->dma_format == EDMA_MF_HDMA_NATIVE ?
		     &vep_hdma_v0 : &vep_edma_v0;
	v->dma_ops->init(v);

	for (unsigned int i = 0; i < ARRAY_SIZE(v->chan); i++) {
		struct vep_chan *c = &v->chan[i];

		c->v = v;
		c->read = i >= v->board->wr_chans;
		c->id = c->read ? i - v->board->wr_chans : i;
		INIT_WORK(&c->work, vep_dma_work);
	}

	v->wq = alloc_workqueue("vep", WQ_UNBOUND | WQ_HIGHPRI, 0);

	return v->wq ? 0 : -ENOMEM;
}

static void vep_dma_flush(struct vep *v)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(v->chan); i++)
		flush_work(&v->chan[i].work);
}

/**
 * vep_dma_settle() - let what is under way end, and the driver hear of it
 * @v: the endpoint, without a link
 *
 * Context: process.
 */
void vep_dma_settle(struct vep *v)
{
	vep_dma_flush(v);
	vep_lines_settle(v);
}

/**
 * vep_dma_reset() - what PERST# does to the engine
 * @v: the endpoint, in reset: nobody starts a channel any more
 *
 * Context: process.
 */
void vep_dma_reset(struct vep *v)
{
	vep_dma_flush(v);

	guard(raw_spinlock_irqsave)(&v->lock);
	memset(v->dma, 0, sizeof(v->dma));
	v->dma_emul = false;
	v->dma_ops->init(v);
	vep_dma_update_lines(v);
}

/**
 * vep_dma_exit() - stop the engine
 * @v: the endpoint
 */
void vep_dma_exit(struct vep *v)
{
	scoped_guard(raw_spinlock_irqsave, &v->lock)
		for (unsigned int i = 0; i < ARRAY_SIZE(v->chan); i++)
			v->chan[i].stop = true;
	destroy_workqueue(v->wq);
}

/**
 * vep_dma_read() - read a register of the engine
 * @v: the endpoint
 * @off: offset
 *
 * Return: its value.
 */
u32 vep_dma_read(struct vep *v, u32 off)
{
	guard(raw_spinlock_irqsave)(&v->lock);
	return vep_in_reset(v) ? 0 : v->dma_ops->read(v, off);
}

/**
 * vep_dma_write() - write a register of the engine
 * @v: the endpoint
 * @off: offset
 * @val: value
 */
void vep_dma_write(struct vep *v, u32 off, u32 val)
{
	guard(raw_spinlock_irqsave)(&v->lock);
	if (vep_in_reset(v))
		return;
	v->dma_ops->write(v, off, val);
	vep_dma_update_lines(v);
}

static u32 vep_v0_chan_off(const struct vep_chan *c)
{
	return 0x200 + c->id * 0x200 + (c->read ? 0x100 : 0);
}

static void vep_v0_init(struct vep *v)
{
	*vep_dma_reg(v, VEP_V0_CTRL) = v->board->wr_chans |
				       v->board->rd_chans << 16;
}

static u32 vep_v0_read(struct vep *v, u32 off)
{
	return *vep_dma_reg(v, off);
}

static void vep_v0_doorbell(struct vep *v, bool read, u32 val)
{
	struct vep_chan *c = vep_dma_chan(v, read, val & VEP_V0_DB_CHAN);

	if (!c)
		return;
	if (val & VEP_V0_DB_STOP)
		c->stop = true;
	else
		vep_dma_start(c);
}

/* The registers that act; false: @off is not one of them. */
static bool vep_v0_act(struct vep *v, bool read, u32 off, u32 val)
{
	const struct vep_v0_dir *dir = &vep_v0_dir[read];

	if (off == dir->doorbell) {
		vep_v0_doorbell(v, read, val);
	} else if (off == dir->status) {
		/* Interrupt emulation: any write asserts, no status is set. */
		v->dma_emul = true;
		vep_count(v, VEP_STAT_EDMA_RING);
	} else if (off == dir->clear) {
		/* And any write here, even of zero, deasserts. */
		v->dma_emul = false;
		*vep_dma_reg(v, dir->status) &= ~val;
	} else {
		return false;
	}

	return true;
}

static bool vep_v0_chan_write(struct vep *v, u32 off, u32 val)
{
	u32 *reg = vep_dma_reg(v, off);
	struct vep_chan *c;

	if (off < 0x200 || (off & 0xff) != VEP_V0_CH_CTRL)
		return false;
	c = vep_dma_chan(v, off & 0x100, (off - 0x200) / 0x200);
	if (!c)
		return false;

	WRITE_ONCE(c->ccs, !!(val & VEP_V0_CH_CCS));
	*reg = (val & ~VEP_V0_CH_STATE) | (*reg & VEP_V0_CH_STATE);

	return true;
}

static void vep_v0_write(struct vep *v, u32 off, u32 val)
{
	if (off == VEP_V0_CTRL || vep_v0_act(v, false, off, val) ||
	    vep_v0_act(v, true, off, val) || vep_v0_chan_write(v, off, val))
		return;

	*vep_dma_reg(v, off) = val;
}

static bool vep_v0_runs(struct vep_chan *c)
{
	return *vep_dma_reg(c->v, vep_v0_dir[c->read].engine_en) & BIT(0);
}

static bool vep_v0_begin(struct vep_chan *c, struct vep_dma_run *run)
{
	u32 off = vep_v0_chan_off(c);
	u32 *ctrl = vep_dma_reg(c->v, off + VEP_V0_CH_CTRL);

	if (!vep_v0_runs(c) || !(*ctrl & VEP_V0_CH_LLE))
		return false;

	run->llp = *vep_dma_reg(c->v, off + VEP_V0_CH_LLP) |
		   (u64)*vep_dma_reg(c->v, off + VEP_V0_CH_LLP + 4) << 32;
	run->func = FIELD_GET(VEP_V0_CH_FUNC, *ctrl);
	FIELD_MODIFY(VEP_V0_CH_STATE, ctrl, VEP_V0_CH_RUNNING);

	return true;
}

static void vep_v0_finish(struct vep_chan *c, const struct vep_dma_run *run)
{
	u32 *status = vep_dma_reg(c->v, vep_v0_dir[c->read].status);
	u32 off = vep_v0_chan_off(c);

	*vep_dma_reg(c->v, off + VEP_V0_CH_LLP) = lower_32_bits(run->llp);
	*vep_dma_reg(c->v, off + VEP_V0_CH_LLP + 4) = upper_32_bits(run->llp);
	FIELD_MODIFY(VEP_V0_CH_STATE, vep_dma_reg(c->v, off + VEP_V0_CH_CTRL),
		     run->aborted ? VEP_V0_CH_HALTED : VEP_V0_CH_STOPPED);
	if (run->irq)
		*status |= BIT(c->id);
	if (run->aborted)
		*status |= BIT(16 + c->id);
}

static bool vep_v0_message(struct vep_chan *c, const struct vep_dma_run *run,
			   u64 *addr, u32 *data)
{
	const struct vep_v0_dir *dir = &vep_v0_dir[c->read];
	u32 off = run->aborted ? dir->abort_imwr : dir->done_imwr;
	u32 pair = *vep_dma_reg(c->v, dir->imwr_data + c->id / 2 * 4);

	*addr = *vep_dma_reg(c->v, off) |
		(u64)*vep_dma_reg(c->v, off + 4) << 32;
	*data = c->id & 1 ? pair >> 16 : pair & 0xffff;

	return run->remote;
}

static u32 vep_v0_pending(struct vep *v, bool read)
{
	const struct vep_v0_dir *dir = &vep_v0_dir[read];

	return *vep_dma_reg(v, dir->status) & ~*vep_dma_reg(v, dir->mask);
}

static bool vep_v0_line(struct vep *v, unsigned int line)
{
	bool read = line >= v->board->wr_chans;
	unsigned int id = read ? line - v->board->wr_chans : line;

	if (v->board->dma_lines == 1)
		return vep_v0_pending(v, false) || vep_v0_pending(v, true);

	return vep_v0_pending(v, read) & (BIT(id) | BIT(16 + id));
}

/* eDMA v0, unrolled */
const struct vep_dma_ops vep_edma_v0 = {
	.init		= vep_v0_init,
	.read		= vep_v0_read,
	.write		= vep_v0_write,
	.begin		= vep_v0_begin,
	.runs		= vep_v0_runs,
	.finish		= vep_v0_finish,
	.message	= vep_v0_message,
	.line		= vep_v0_line,
};
