// SPDX-License-Identifier: GPL-2.0
/*
 * Virtual endpoint: the DMA engine, and its eDMA v0 register map (unrolled)
 *
 * The engine works in hard hrtimers, a little at a time. A thread would not get
 * a CPU while drivers wait for it in loops, such as dma_sync_wait().
 *
 * No databook was at hand: what a linked list means is read from what
 * dw-edma-v0-core.c writes into it. That interrupt emulation asserts the lines
 * of all channels, and any clear deasserts them all, is an assumption:
 * dw-edma-core.c expects it on each line and takes both directions' registers
 * for equally suitable.
 */
#include <linux/bitfield.h>
#include <linux/cleanup.h>
#include <linux/delay.h>
#include <linux/hrtimer.h>
#include <linux/sizes.h>

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

/* From doorbell to work: short, but never on the stack of who rings */
#define VEP_DMA_DELAY		us_to_ktime(2)
/* From burst to burst: the CPU does something else. */
#define VEP_DMA_PAUSE		us_to_ktime(20)
/* What is done in one interrupt: some elements, or bytes of each */
#define VEP_DMA_BURST_STEPS	8
#define VEP_DMA_BURST		SZ_4K

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
	c->rung = true;
	hrtimer_start(&c->timer, VEP_DMA_DELAY, HRTIMER_MODE_REL_HARD);
}

static int vep_dma_tlp(struct vep_chan *c, u64 src, u64 dst, u32 n)
{
	u8 tlp[VEP_MAX_TLP] __aligned(8);

	if (c->read)
		return vep_host_mem(c->v, c->run.func, src, tlp, n, false) ?:
		       vep_local(c->v, dst, tlp, n, true);

	return vep_local(c->v, src, tlp, n, false) ?:
	       vep_host_mem(c->v, c->run.func, dst, tlp, n, true);
}

/* As much of an element as an interrupt may take; false: the run is over. */
static bool vep_dma_move(struct vep_chan *c)
{
	struct vep_dma_run *run = &c->run;
	const struct vep_lli *e = &run->lli;
	u32 end = run->done + min_t(u32, e->size - run->done, VEP_DMA_BURST);

	while (run->done < end) {
		u32 n = min_t(u32, end - run->done, VEP_MAX_TLP);

		if (vep_dma_tlp(c, e->sar + run->done, e->dar + run->done, n))
			return false;
		run->done += n;
	}
	if (run->done < e->size)
		return true;

	run->moving = false;
	run->irq |= !!(e->control & VEP_LL_LIE);
	run->remote |= !!(e->control & VEP_LL_RIE);
	run->llp += sizeof(*e);

	return true;
}

static bool vep_dma_runs(struct vep_chan *c)
{
	guard(raw_spinlock_irqsave)(&c->v->lock);
	return !c->stop && c->v->dma_ops->runs(c);
}

/* The next element; false: the run is over. */
static bool vep_dma_fetch(struct vep_chan *c)
{
	struct vep_dma_run *run = &c->run;
	struct vep_lli *e = &run->lli;

	if (++run->elements > VEP_LL_MAX ||
	    vep_local(c->v, run->llp, e, sizeof(*e), false))
		return false;

	if (e->control & VEP_LL_LLP) {
		/* Followed whatever its cycle bit says. */
		if (e->control & VEP_LL_TCB)
			WRITE_ONCE(c->ccs, !c->ccs);
		run->llp = e->sar;
		return ++run->links < VEP_LL_MAX_LINKS;
	}

	run->links = 0;
	if (!!(e->control & VEP_LL_CB) != READ_ONCE(c->ccs)) {
		run->aborted = false;
		return false;
	}
	run->moving = true;
	run->done = 0;

	return true;
}

/* As much as an interrupt may take; false: the run is over. */
static bool vep_dma_burst(struct vep_chan *c)
{
	struct vep_dma_run *run = &c->run;

	for (unsigned int n = 0; n < VEP_DMA_BURST_STEPS; n++) {
		if (!vep_dma_runs(c)) {
			run->aborted = false;
			return false;
		}
		run->aborted = true;
		if (!(run->moving ? vep_dma_move(c) : vep_dma_fetch(c)))
			return false;
	}

	return true;
}

/* Context: with vep->lock held. */
static void vep_dma_update_lines(struct vep *v)
{
	for (unsigned int i = 0; i < v->board->dma_lines; i++)
		vep_line_set(v, i, v->dma_emul || v->dma_ops->line(v, i));
}

static bool vep_dma_begin(struct vep_chan *c)
{
	guard(raw_spinlock_irqsave)(&c->v->lock);
	if (c->busy)
		return true;

	c->rung = false;
	c->run = (struct vep_dma_run) {};
	c->busy = c->v->dma_ops->begin(c, &c->run);

	return c->busy;
}

static void vep_dma_finish(struct vep_chan *c)
{
	struct vep *v = c->v;
	bool message;
	u64 addr;
	u32 data;

	scoped_guard(raw_spinlock_irqsave, &v->lock) {
		c->busy = false;
		/* Nothing is left that could tell how it ended. */
		if (v->in_reset)
			return;
		v->dma_ops->finish(c, &c->run);
		message = v->dma_ops->message(c, &c->run, &addr, &data);
		if (!c->read && v->dma_lose)
			v->dma_lose--;
		else
			vep_dma_update_lines(v);
		/* The doorbell of a channel at work */
		if (c->rung)
			hrtimer_start(&c->timer, VEP_DMA_DELAY,
				      HRTIMER_MODE_REL_HARD);
	}
	if (message)
		vep_host_mem(v, c->run.func, addr, &data, sizeof(data), true);
}

static enum hrtimer_restart vep_dma_timer(struct hrtimer *t)
{
	struct vep_chan *c = container_of(t, struct vep_chan, timer);

	if (!vep_dma_begin(c))
		return HRTIMER_NORESTART;
	if (vep_dma_burst(c))
		hrtimer_start(t, VEP_DMA_PAUSE, HRTIMER_MODE_REL_HARD);
	else
		vep_dma_finish(c);

	return HRTIMER_NORESTART;
}

/**
 * vep_dma_init() - make the engine
 * @v: the endpoint
 */
void vep_dma_init(struct vep *v)
{
	v->dma_ops = v->board->dma_format == EDMA_MF_HDMA_NATIVE ?
		     &vep_hdma_v0 : &vep_edma_v0;
	v->dma_ops->init(v);

	for (unsigned int i = 0; i < ARRAY_SIZE(v->chan); i++) {
		struct vep_chan *c = &v->chan[i];

		c->v = v;
		c->read = i >= v->board->wr_chans;
		c->id = c->read ? i - v->board->wr_chans : i;
		hrtimer_setup(&c->timer, vep_dma_timer, CLOCK_MONOTONIC,
			      HRTIMER_MODE_REL_HARD);
	}
}

/**
 * vep_dma_flush() - let the channels that run come to their end
 * @v: the endpoint
 *
 * Context: process.
 */
void vep_dma_flush(struct vep *v)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(v->chan); i++)
		while (hrtimer_active(&v->chan[i].timer))
			usleep_range(10, 20);
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
	for (unsigned int i = 0; i < ARRAY_SIZE(v->chan); i++)
		hrtimer_cancel(&v->chan[i].timer);
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
