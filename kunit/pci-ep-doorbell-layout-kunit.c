// SPDX-License-Identifier: GPL-2.0
/*
 * PCI endpoint doorbells: tests of the layout solver and of what it says to
 * malformed requests
 *
 * The oracle shares nothing with the solver: it simulates what the inbound
 * translation of an endpoint controller does to a write of the host, and tries
 * every BAR, every size the BAR can be given, every window the controller
 * accepts, and for memory every word.
 *
 * Every run draws other cases. To see one again:
 *	pci_ep_doorbell_layout_kunit.seed=<what the run printed>
 */

#include <kunit/test.h>
#include <linux/ktime.h>
#include <linux/module.h>
#include <linux/random.h>
#include <linux/sched.h>
#include <linux/sizes.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "pci-ep-doorbell-layout.h"

#define CASES		200000
#define MAX_COUNT	6
#define MAX_REPORTS	3

/* Where the targets of small cases are; every window in it can be tried */
#define SMALL_SPACE	SZ_64K
#define BIG_SPACE	BIT_ULL(36)

static unsigned long long seed;
module_param(seed, ullong, 0444);
MODULE_PARM_DESC(seed, "Draw the cases of the run that printed this seed (0: others every time)");

/**
 * struct layout_case - one question to the solver
 * @rnd: state of the generator
 * @ctrl: the controller
 * @req: the request
 * @form: what the targets are
 * @target: the targets
 * @count: how many
 * @big: sizes as real controllers have them
 * @space: PCI_EP_DB_FORM_BUS: targets are between this
 * @span: and this many bytes further on
 */
struct layout_case {
	u64				rnd;
	struct pci_ep_db_layout_ctrl	ctrl;
	struct pci_ep_db_request	req;
	enum pci_ep_db_form		form;
	struct pci_ep_db_target		target[MAX_COUNT];
	unsigned int			count;
	bool				big;
	u64				space;
	u64				span;
};

/**
 * struct place - where the oracle found room
 * @found: it did
 * @bar: in which BAR
 * @size: bytes of the BAR, 0 if nobody knows
 * @reg: PCI_EP_DB_FORM_BUS: content of the window's target register
 * @windows: inbound windows beyond those in use
 * @isolated: the host sees nothing but what is around the targets
 * @off: bytes from the start of the BAR to each doorbell
 */
struct place {
	bool		found;
	int		bar;
	u64		size;
	u64		reg;
	unsigned int	windows;
	bool		isolated;
	u64		off[MAX_COUNT];
};

static const char * const state_names[] = {
	[PCI_EP_DB_BAR_NONE]		= "none",
	[PCI_EP_DB_BAR_FREE]		= "free",
	[PCI_EP_DB_BAR_LENT]		= "lent",
	[PCI_EP_DB_BAR_MEMORY]		= "memory",
	[PCI_EP_DB_BAR_RESERVED]	= "reserved",
};

static const char * const form_names[] = {
	[PCI_EP_DB_FORM_BUS]	= "bus",
	[PCI_EP_DB_FORM_BAR]	= "bar",
	[PCI_EP_DB_FORM_MEMORY]	= "memory",
};

static enum pci_ep_db_return dummy_handler(struct pci_ep_db_set *set,
					   unsigned int index, u32 value,
					   void *priv)
{
	return PCI_EP_DB_DONE;
}

/*
 * The generator
 */

/* splitmix64 */
static u64 rnd(struct layout_case *c)
{
	u64 z;

	c->rnd += 0x9e3779b97f4a7c15ULL;
	z = c->rnd;
	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
	return z ^ (z >> 31);
}

static u32 below(struct layout_case *c, u32 n)
{
	return (u32)(rnd(c) >> 32) % n;
}

static bool percent(struct layout_case *c, u32 p)
{
	return below(c, 100) < p;
}

/* A power of two, 2^lo to 2^hi */
static u64 pow2(struct layout_case *c, u32 lo, u32 hi)
{
	return BIT_ULL(lo + below(c, hi - lo + 1));
}

static void draw_bar(struct layout_case *c, struct pci_ep_db_layout_bar *bar)
{
	static const enum pci_ep_db_bar_state states[] = {
		PCI_EP_DB_BAR_NONE, PCI_EP_DB_BAR_FREE, PCI_EP_DB_BAR_FREE,
		PCI_EP_DB_BAR_FREE, PCI_EP_DB_BAR_LENT, PCI_EP_DB_BAR_LENT,
		PCI_EP_DB_BAR_LENT, PCI_EP_DB_BAR_MEMORY,
		PCI_EP_DB_BAR_MEMORY, PCI_EP_DB_BAR_RESERVED,
	};

	bar->state = states[below(c, ARRAY_SIZE(states))];
	if (!c->big)
		bar->min_size = pow2(c, 4, 12);
	else if (percent(c, 5))
		bar->min_size = SZ_8G;
	else
		bar->min_size = pow2(c, 8, 20);
	bar->max_size = bar->min_size;
	if (bar->state == PCI_EP_DB_BAR_FREE && percent(c, 60))
		bar->max_size <<= below(c, 9);
	if (!c->big && bar->max_size > SZ_4K)
		bar->max_size = SZ_4K;
}

static void draw_ctrl(struct layout_case *c)
{
	unsigned int i;

	c->big = percent(c, 10);
	c->ctrl.align = c->big ? pow2(c, 12, 16) : pow2(c, 2, 9);
	/* Controllers without a demand of their own */
	if (percent(c, 5))
		c->ctrl.align = 0;
	c->ctrl.windows = below(c, 3);
	c->ctrl.dynamic = percent(c, 60);
	c->req.lend = 0;
	for (i = 0; i < PCI_STD_NUM_BARS; i++) {
		draw_bar(c, &c->ctrl.bar[i]);
		if (c->ctrl.bar[i].state == PCI_EP_DB_BAR_LENT)
			c->req.lend |= BIT(i);
	}
}

/* What doorbells must be a multiple of */
static u32 unit(const struct layout_case *c)
{
	return c->req.align ? c->req.align : 4;
}

static void draw_count(struct layout_case *c)
{
	struct pci_ep_db_request *req = &c->req;

	req->count = 1 + below(c, MAX_COUNT);
	req->min_count = percent(c, 50) ? 0 : 1 + below(c, req->count);
	c->count = req->count;
	if (req->min_count && percent(c, 50))
		c->count = req->min_count;
}

static void draw_caps(struct layout_case *c)
{
	c->req.require = below(c, PCI_EP_DB_CAPS + 1);
	c->req.prefer = below(c, PCI_EP_DB_CAPS + 1);
	if (percent(c, 50))
		c->req.require &= ~PCI_EP_DB_ISOLATED;
}

static void draw_request(struct layout_case *c)
{
	struct pci_ep_db_request *req = &c->req;

	req->name = "kunit";
	req->handler = dummy_handler;
	req->kind = below(c, PCI_EP_DB_MAILBOX + 1);
	draw_count(c);
	draw_caps(c);
	req->align = percent(c, 60) ? 0 : 4 << below(c, percent(c, 80) ? 3 : 8);
	req->stride = percent(c, 55) ? 0 : unit(c) * (1 + below(c, 4));
	req->bar = percent(c, 50) ? NO_BAR : below(c, PCI_STD_NUM_BARS);
	req->offset = PCI_EP_DB_ANY_OFFSET;
	if (req->bar != NO_BAR && percent(c, 60)) {
		u64 room = c->ctrl.bar[req->bar].max_size;

		req->offset = below(c, min(room, SZ_1M) + unit(c));
		if (room > U32_MAX && percent(c, 20))
			req->offset += 0xffe00000;
		req->offset &= ~(unit(c) - 1);
	} else if (req->count < 3 && percent(c, 2)) {
		req->stride = SZ_2G;
	}
}

/* Doorbells after the first: at the same place, in a row, or near */
static u64 draw_next(struct layout_case *c, u64 first, unsigned int i, u32 how)
{
	/* Apart by what a 32-bit offset cannot tell */
	if (c->big && percent(c, 5))
		return first + SZ_4G;

	switch (how) {
	case 0:
		return first;
	case 1:
		return first + (u64)i * (c->req.stride ?: unit(c));
	default:
		return first ^ (below(c, 256) & ~(unit(c) - 1));
	}
}

/* A first target that some window shows where the request wants it */
static u64 draw_aimed(struct layout_case *c, u64 addr)
{
	const struct pci_ep_db_layout_bar *bar;
	u64 size;

	if (c->req.offset == PCI_EP_DB_ANY_OFFSET || percent(c, 25))
		return addr;
	bar = &c->ctrl.bar[c->req.bar];
	size = percent(c, 50) ? bar->min_size : bar->max_size;
	if (size < c->ctrl.align)
		size = c->ctrl.align;
	addr -= addr & (size - 1);
	addr += c->req.offset;
	return addr;
}

static u64 draw_first(struct layout_case *c)
{
	u64 addr;

	c->span = c->big ? BIG_SPACE : SMALL_SPACE;
	c->space = rnd(c) & ~(c->span - 1);
	if (percent(c, 40))
		c->space = 0;
	else if (percent(c, 10))
		c->space = -c->span;
	/* Not the whole of it where bus addresses are narrower */
	c->space = (dma_addr_t)c->space;

	addr = rnd(c) & (c->span - 1);
	addr &= ~(u64)(percent(c, 95) ? 3 : 0);
	if (percent(c, 60))
		addr &= ~(u64)(unit(c) - 1);
	return draw_aimed(c, addr);
}

static void draw_clear(struct layout_case *c, struct pci_ep_db_target *t)
{
	u64 addr = t->addr;
	u64 block = pow2(c, 4, c->big ? 21 : 12);

	switch (below(c, 8)) {
	case 0:
		t->clear_base = below(c, 2) ? addr : 0;
		t->clear_size = 0;
		break;
	case 1:
		t->clear_base = addr;
		t->clear_size = 4;
		break;
	case 2:
		t->clear_base = 0;
		t->clear_size = U64_MAX;
		break;
	case 3:
		t->clear_base = addr - min(addr, below(c, SZ_4K));
		t->clear_size = 4 + below(c, SZ_8K);
		break;
	default:
		t->clear_base = addr - (addr & (block - 1));
		t->clear_size = block;
		break;
	}
}

static void draw_bus_targets(struct layout_case *c)
{
	u64 first = draw_first(c);
	u32 how = below(c, 3);
	unsigned int i;

	if (first > c->span - 4)
		first = 0;
	for (i = 0; i < c->count; i++) {
		struct pci_ep_db_target *t = &c->target[i];
		u64 addr = i ? draw_next(c, first, i, how) : first;

		if (addr > c->span - 4)
			addr = first;
		t->addr = c->space + addr;
		if (!i || percent(c, 10)) {
			draw_clear(c, t);
		} else {
			t->clear_base = c->target[0].clear_base;
			t->clear_size = c->target[0].clear_size;
		}
	}
}

static int draw_reserved(struct layout_case *c)
{
	int bar = below(c, PCI_STD_NUM_BARS);

	if (percent(c, 85)) {
		c->ctrl.bar[bar].state = PCI_EP_DB_BAR_RESERVED;
		c->ctrl.bar[bar].max_size = c->ctrl.bar[bar].min_size;
		c->req.lend &= ~BIT(bar);
	}
	return bar;
}

/* Shown by the hardware; mostly what is asked for */
static void draw_bar_targets(struct layout_case *c)
{
	int bar = draw_reserved(c);
	u32 size = min(c->ctrl.bar[bar].min_size, SZ_1M);
	u32 how = below(c, 3);
	u32 first = below(c, size + size / 8);
	unsigned int i;

	first &= ~(percent(c, 95) ? unit(c) - 1 : 0);
	if (c->req.bar != NO_BAR && percent(c, 80)) {
		c->req.bar = bar;
		if (c->req.offset != PCI_EP_DB_ANY_OFFSET && percent(c, 80))
			c->req.offset = first & ~(unit(c) - 1);
	}
	/* The endpoint core does not know the size of reserved BARs */
	if (c->ctrl.bar[bar].state == PCI_EP_DB_BAR_RESERVED && percent(c, 50)) {
		c->ctrl.bar[bar].min_size = 0;
		c->ctrl.bar[bar].max_size = 0;
	}
	for (i = 0; i < c->count; i++) {
		struct pci_ep_db_target *t = &c->target[i];

		t->bar = percent(c, 99) ? bar : below(c, PCI_STD_NUM_BARS);
		t->bar_offset = i ? draw_next(c, first, i, how) : first;
		if (!percent(c, 30))
			draw_clear(c, t);
	}
}

static void draw_case(struct layout_case *c)
{
	unsigned int i;

	draw_ctrl(c);
	draw_request(c);
	for (i = 0; i < MAX_COUNT; i++) {
		memset(&c->target[i], 0, sizeof(c->target[i]));
		c->target[i].data = i;
	}
	c->form = below(c, 10) < 5 ? PCI_EP_DB_FORM_BUS :
		  percent(c, 60) ? PCI_EP_DB_FORM_MEMORY : PCI_EP_DB_FORM_BAR;
	if (c->form == PCI_EP_DB_FORM_BUS)
		draw_bus_targets(c);
	else if (c->form == PCI_EP_DB_FORM_BAR)
		draw_bar_targets(c);
}

/*
 * The hardware: a window in BAR match mode
 */

/*
 * The target register cannot hold bits below the size of the BAR, nor below
 * the alignment of the controller: they read as zero.
 */
static u64 hw_register(u64 written, u64 size, u64 align)
{
	u64 bit;

	for (bit = 1; bit && (bit < size || bit < align); bit <<= 1)
		written &= ~bit;
	return written;
}

/* The host writes 32 bits at @offset of a BAR. Where does this arrive? */
static bool hw_write(u64 reg, u64 size, u64 align, u64 offset, u64 *addr)
{
	if (offset >= size || size - offset < 4)
		return false;
	*addr = hw_register(reg, size, align) + offset;
	return true;
}

/* All the host can read and write through the window is one device's own */
static bool hw_hides_others(const struct layout_case *c, u64 reg, u64 size)
{
	u64 last = reg + (size - 1);
	unsigned int i;

	for (i = 0; i < c->count; i++) {
		u64 base = c->target[i].clear_base;
		u64 bytes = c->target[i].clear_size;

		if (!bytes || reg < base || last - base > bytes - 1)
			return false;
	}
	return true;
}

/*
 * The oracle
 */

/* May a BAR in this state be used, and for how many windows? */
static bool usable(const struct layout_case *c, int bar, unsigned int *windows)
{
	const struct pci_ep_db_request *req = &c->req;

	*windows = 0;
	if (req->bar != NO_BAR && (int)req->bar != bar)
		return false;

	switch (c->ctrl.bar[bar].state) {
	case PCI_EP_DB_BAR_FREE:
		*windows = 1;
		return c->form != PCI_EP_DB_FORM_BAR && c->ctrl.windows >= 1;
	case PCI_EP_DB_BAR_LENT:
		return c->form == PCI_EP_DB_FORM_MEMORY ||
		       (c->form == PCI_EP_DB_FORM_BUS && c->ctrl.dynamic);
	case PCI_EP_DB_BAR_MEMORY:
		return c->form == PCI_EP_DB_FORM_MEMORY &&
		       req->bar != NO_BAR &&
		       req->offset != PCI_EP_DB_ANY_OFFSET;
	case PCI_EP_DB_BAR_RESERVED:
		return c->form == PCI_EP_DB_FORM_BAR;
	default:
		return false;
	}
}

/* Doorbells at these offsets of a BAR are what was asked for */
static bool asked_for(const struct layout_case *c, u64 size, const u64 *off)
{
	const struct pci_ep_db_request *req = &c->req;
	unsigned int i;

	if (req->offset != PCI_EP_DB_ANY_OFFSET && off[0] != req->offset)
		return false;
	for (i = 0; i < c->count; i++) {
		if (off[i] >= size || size - off[i] < 4 || off[i] > U32_MAX)
			return false;
		if ((u32)off[i] % 4)
			return false;
		if (req->align && (u32)off[i] % req->align)
			return false;
		if (req->stride && off[i] != off[0] + (u64)i * req->stride)
			return false;
	}
	return true;
}

static bool window_fits(const struct layout_case *c, u64 reg, struct place *p)
{
	u64 addr;
	unsigned int i;

	for (i = 0; i < c->count; i++) {
		p->off[i] = c->target[i].addr - reg;
		if (!hw_write(reg, p->size, c->ctrl.align, p->off[i], &addr) ||
		    addr != c->target[i].addr)
			return false;
	}
	if (!asked_for(c, p->size, p->off))
		return false;
	p->reg = reg;
	p->isolated = hw_hides_others(c, reg, p->size);
	return true;
}

/* Every window there is; in big cases those that are near the first target */
static bool find_window(const struct layout_case *c, struct place *p)
{
	u64 step = p->size > c->ctrl.align ? p->size : c->ctrl.align;
	u64 reg = c->space, at;

	if (c->big) {
		reg = hw_register(c->target[0].addr, p->size, c->ctrl.align);
		return window_fits(c, reg, p) ||
		       window_fits(c, reg - step, p) ||
		       window_fits(c, reg + step, p);
	}
	for (at = 0; at < c->span; at += step)
		if (window_fits(c, reg + at, p))
			return true;
	return false;
}

static bool words_fit(const struct layout_case *c, u64 first, u64 stride,
		      struct place *p)
{
	unsigned int i;

	for (i = 0; i < c->count; i++)
		p->off[i] = first + i * stride;
	return asked_for(c, p->size, p->off);
}

static bool find_stride(const struct layout_case *c, u64 first, struct place *p)
{
	u64 stride;

	if (c->req.stride || c->count == 1)
		return words_fit(c, first, c->req.stride, p);
	for (stride = 4; first + stride < p->size && stride <= SZ_4K; stride += 4)
		if (words_fit(c, first, stride, p))
			return true;
	return false;
}

/*
 * Every word there is; in big cases of those at the start, because words that
 * are further on and were not named can as well be moved there.
 */
static bool find_words(const struct layout_case *c, struct place *p)
{
	u64 end = c->big && p->size > SZ_1K ? SZ_1K : p->size;
	u64 first;

	p->isolated = true;
	if (c->req.offset != PCI_EP_DB_ANY_OFFSET)
		return find_stride(c, c->req.offset, p);
	for (first = 0; first < end; first += 4)
		if (find_stride(c, first, p))
			return true;
	return false;
}

/*
 * What the hardware shows nobody can move, nor hide what is around it. An
 * unknown size does not tell of any target that it is not there.
 */
static bool find_shown(const struct layout_case *c, struct place *p)
{
	unsigned int i;

	p->isolated = false;
	for (i = 0; i < c->count; i++) {
		if ((int)c->target[i].bar != p->bar)
			return false;
		p->off[i] = c->target[i].bar_offset;
	}
	return asked_for(c, p->size ?: SZ_4G, p->off);
}

static bool find_in(const struct layout_case *c, struct place *p)
{
	bool found;

	if (c->form == PCI_EP_DB_FORM_BUS)
		found = find_window(c, p);
	else if (c->form == PCI_EP_DB_FORM_MEMORY)
		found = find_words(c, p);
	else
		found = find_shown(c, p);
	return found && (p->isolated || !(c->req.require & PCI_EP_DB_ISOLATED));
}

/*
 * The order of preference: isolated where that is preferred, fewest windows,
 * what shows the host least, lowest BAR.
 */
static bool better(const struct layout_case *c, const struct place *a,
		   const struct place *b)
{
	if (!b->found)
		return true;
	if ((c->req.prefer & PCI_EP_DB_ISOLATED) && a->isolated != b->isolated)
		return a->isolated;
	if (a->windows != b->windows)
		return a->windows < b->windows;
	if (a->size != b->size)
		return a->size < b->size;
	return a->bar < b->bar;
}

static void find_best(const struct layout_case *c, struct place *best)
{
	struct place p = {};
	u64 size;

	best->found = false;
	for (p.bar = 0; p.bar < PCI_STD_NUM_BARS; p.bar++) {
		const struct pci_ep_db_layout_bar *bar = &c->ctrl.bar[p.bar];

		if (!usable(c, p.bar, &p.windows))
			continue;
		for (size = bar->min_size; size <= bar->max_size; size *= 2) {
			p.size = size;
			p.found = find_in(c, &p);
			if (p.found && better(c, &p, best))
				*best = p;
			if (!size)
				break;
		}
	}
}

/*
 * What can be wrong with an answer
 */

static const char *wrong_bar(const struct layout_case *c,
			     const struct pci_ep_db_layout *l)
{
	const struct pci_ep_db_layout_bar *bar;
	unsigned int windows;
	bool claim;

	if (l->form != c->form)
		return "another form";
	if ((int)l->bar < 0 || (int)l->bar >= PCI_STD_NUM_BARS)
		return "no such BAR";
	bar = &c->ctrl.bar[l->bar];
	if (!usable(c, l->bar, &windows))
		return "this BAR may not be used";
	if (l->windows != windows || l->windows > c->ctrl.windows)
		return "wrong number of windows";
	claim = bar->state == PCI_EP_DB_BAR_FREE;
	if (l->claim != claim)
		return "claims a BAR that is set, or not one that is free";
	if (!bar->max_size)
		return NULL;
	if (l->size < bar->min_size || l->size > bar->max_size)
		return "the BAR cannot be this large, or small";
	if (l->size & (l->size - 1))
		return "the size of the BAR is no power of two";
	return NULL;
}

static const char *wrong_window(const struct layout_case *c,
				const struct pci_ep_db_layout *l, const u64 *off)
{
	unsigned int i;
	u64 addr;

	if (hw_register(l->base, l->size, c->ctrl.align) != l->base)
		return "the controller cannot program this base";
	for (i = 0; i < c->count; i++)
		if (!hw_write(l->base, l->size, c->ctrl.align, off[i], &addr) ||
		    addr != c->target[i].addr)
			return "a ring does not reach its target";
	if (l->isolated != hw_hides_others(c, l->base, l->size))
		return "isolated is not true";
	return NULL;
}

static const char *wrong_words(const struct layout_case *c,
			       const struct pci_ep_db_layout *l, const u64 *off)
{
	unsigned int i, j;

	for (i = 0; i < c->count; i++) {
		if (off[i] != l->first + (u64)i * l->stride)
			return "a word is not where first and stride say";
		for (j = 0; j < i; j++)
			if (off[i] < off[j] + 4 && off[j] < off[i] + 4)
				return "two doorbells share a word";
	}
	return l->isolated ? NULL : "memory exposes no device register";
}

static const char *wrong_shown(const struct layout_case *c,
			       const struct pci_ep_db_layout *l, const u64 *off)
{
	unsigned int i;

	for (i = 0; i < c->count; i++)
		if (l->bar != c->target[i].bar ||
		    off[i] != c->target[i].bar_offset)
			return "the hardware shows the target elsewhere";
	return l->isolated ? "nothing tells what else the hardware shows" : NULL;
}

static const char *unsound(const struct layout_case *c,
			   const struct pci_ep_db_layout *l)
{
	const char *why = wrong_bar(c, l);
	u64 off[MAX_COUNT];
	unsigned int i;
	u64 size;

	if (why)
		return why;
	size = c->ctrl.bar[l->bar].max_size ? l->size : SZ_4G;
	for (i = 0; i < c->count; i++)
		off[i] = pci_ep_db_layout_offset(l, c->target, i);
	if (!asked_for(c, size, off))
		return "the offsets are not what was asked for";
	if (!l->isolated && (c->req.require & PCI_EP_DB_ISOLATED))
		return "isolation was required";

	if (c->form == PCI_EP_DB_FORM_BUS)
		return wrong_window(c, l, off);
	if (c->form == PCI_EP_DB_FORM_MEMORY)
		return wrong_words(c, l, off);
	return wrong_shown(c, l, off);
}

static bool same_answer(const struct pci_ep_db_layout *a,
			const struct pci_ep_db_layout *b)
{
	return a->form == b->form && a->bar == b->bar && a->claim == b->claim &&
	       a->size == b->size && a->windows == b->windows &&
	       a->isolated == b->isolated &&
	       (a->form != PCI_EP_DB_FORM_BUS || a->base == b->base) &&
	       (a->form != PCI_EP_DB_FORM_MEMORY ||
		(a->first == b->first && a->stride == b->stride));
}

static int solve(const struct layout_case *c, u8 rubbish,
		 struct pci_ep_db_layout *l)
{
	memset(l, rubbish, sizeof(*l));
	return pci_ep_db_solve(&c->ctrl, &c->req, c->form, c->target, c->count,
			       l);
}

/* What is wrong with the solver's answer; NULL if nothing is */
static const char *wrong(const struct layout_case *c, const struct place *best,
			 int ret, const struct pci_ep_db_layout *l)
{
	struct pci_ep_db_layout again;
	const char *why;

	if (solve(c, 0x5a, &again) != ret || (!ret && !same_answer(l, &again)))
		return "another answer to the same question";
	if (ret)
		return ret != -ENOSPC ? "neither 0 nor -ENOSPC" :
		       best->found ? "there is a place" : NULL;
	why = unsound(c, l);
	if (why)
		return why;
	if (!best->found)
		return "the oracle finds no place";
	if (l->isolated != best->isolated || l->windows != best->windows ||
	    (best->size && l->size != best->size) || (int)l->bar != best->bar)
		return "there is a better place";
	return NULL;
}

static void print_case(struct kunit *test, const struct layout_case *c)
{
	const struct pci_ep_db_request *req = &c->req;
	unsigned int i;

	kunit_err(test, "  controller: align %llu windows %u dynamic %d\n",
		  c->ctrl.align, c->ctrl.windows, c->ctrl.dynamic);
	for (i = 0; i < PCI_STD_NUM_BARS; i++)
		kunit_err(test, "  BAR%u %s %#llx to %#llx\n", i,
			  state_names[c->ctrl.bar[i].state],
			  c->ctrl.bar[i].min_size, c->ctrl.bar[i].max_size);
	kunit_err(test, "  request: form %s kind %d count %u of %u..%u require %#x prefer %#x bar %d offset %#x stride %u align %u lend %#x\n",
		  form_names[c->form], req->kind, c->count, req->min_count,
		  req->count, req->require, req->prefer, req->bar, req->offset,
		  req->stride, req->align, req->lend);
	for (i = 0; i < c->count; i++)
		kunit_err(test, "  target %u: addr %#llx clear %#llx + %#llx, or BAR%d + %#x\n",
			  i, (u64)c->target[i].addr,
			  (u64)c->target[i].clear_base, c->target[i].clear_size,
			  c->target[i].bar, c->target[i].bar_offset);
}

static void print_answers(struct kunit *test, const struct layout_case *c,
			  const struct place *best, int ret,
			  const struct pci_ep_db_layout *l)
{
	if (ret)
		kunit_err(test, "  solver: %d\n", ret);
	else
		kunit_err(test, "  solver: BAR%d claim %d size %#llx windows %u base %#llx first %#x stride %u isolated %d, doorbell 0 at %#x\n",
			  l->bar, l->claim, l->size, l->windows, (u64)l->base,
			  l->first, l->stride, l->isolated,
			  pci_ep_db_layout_offset(l, c->target, 0));
	if (!best->found)
		kunit_err(test, "  oracle: no place\n");
	else
		kunit_err(test, "  oracle: BAR%d size %#llx windows %u base %#llx isolated %d, doorbell 0 at %#llx\n",
			  best->bar, best->size, best->windows, best->reg,
			  best->isolated, best->off[0]);
}

/*
 * Tests
 */

/* One case: 1 if there is a place, 0 if there is none, -1 on disagreement */
static int ask(struct kunit *test, struct layout_case *c, unsigned int n)
{
	struct pci_ep_db_layout l;
	struct place best = {};
	const char *why;
	int ret;

	if (pci_ep_db_check_request(&c->req)) {
		KUNIT_FAIL(test, "case %u: a well-formed request is refused", n);
		print_case(test, c);
		return -1;
	}
	find_best(c, &best);
	ret = solve(c, 0xa5, &l);
	why = wrong(c, &best, ret, &l);
	if (!why)
		return best.found;

	KUNIT_FAIL(test, "case %u: %s", n, why);
	print_case(test, c);
	print_answers(test, c, &best, ret, &l);
	return -1;
}

static void layout_oracle_test(struct kunit *test)
{
	unsigned int n, reports = 0, found[3][2] = {}, total[2];
	u64 from = seed ?: get_random_u64();
	ktime_t start = ktime_get();
	struct layout_case *c;
	int ret, form;

	kunit_info(test, "pci_ep_doorbell_layout_kunit.seed=%llu\n", from);
	c = kunit_kzalloc(test, sizeof(*c), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, c);
	c->rnd = from;
	for (n = 0; n < CASES && reports < MAX_REPORTS; n++) {
		draw_case(c);
		ret = ask(test, c, n);
		if (ret < 0)
			reports++;
		else
			found[c->form][ret]++;
		cond_resched();
	}

	total[0] = found[0][0] + found[1][0] + found[2][0];
	total[1] = found[0][1] + found[1][1] + found[2][1];
	for (form = 0; form < 3; form++)
		kunit_info(test, "%s: a place in %u cases, none in %u\n",
			   form_names[form], found[form][1], found[form][0]);
	kunit_info(test, "all: a place in %u cases, none in %u, %lld ms\n",
		   total[1], total[0], ktime_ms_delta(ktime_get(), start));
	if (reports)
		return;
	KUNIT_EXPECT_GE(test, total[1], CASES / 5);
	KUNIT_EXPECT_GE(test, total[0], CASES / 5);
}

/**
 * struct known_case - a question whose answer is known
 * @name: which
 * @ctrl: the controller
 * @form: what the targets are
 * @req: the request; its count is that of the targets
 * @target: the first targets
 * @ret: what pci_ep_db_solve() says; the rest is of interest if this is 0
 * @bar: in which BAR
 * @size: bytes of that, 0 if nobody knows
 * @first: offset of the first doorbell
 * @last: offset of the last doorbell; 0 means @first
 * @windows: how many
 * @isolated: whether
 * @wide: there are such targets only where bus addresses have 64 bits
 */
struct known_case {
	const char			*name;
	struct pci_ep_db_layout_ctrl	ctrl;
	enum pci_ep_db_form		form;
	struct pci_ep_db_request	req;
	struct pci_ep_db_target		target[2];
	int				ret;
	enum pci_barno			bar;
	u64				size;
	u32				first;
	u32				last;
	unsigned int			windows;
	bool				isolated;
	bool				wide;
};

#define KNOWN_BAR(_state, _min, _max)					\
	{ .state = PCI_EP_DB_BAR_##_state, .min_size = (_min), .max_size = (_max) }

/* Any place, unless the case says otherwise in the fields after this */
#define KNOWN_REQ(_count, _bar, _offset, _stride)			\
	.name = "known", .handler = dummy_handler, .count = (_count),	\
	.bar = (_bar), .offset = (_offset), .stride = (_stride)

#define KNOWN_ANY(_count)						\
	KNOWN_REQ(_count, NO_BAR, PCI_EP_DB_ANY_OFFSET, 0)

/*
 * RK3588: BAR4 shows the eDMA, an interrupt can be raised at 0xa0. The endpoint
 * core does not know the size of BAR4, the data sheet does.
 */
#define RK3588(_min, _max)						\
	{ .align = SZ_64K, .dynamic = true, .bar = {			\
		[BAR_0] = KNOWN_BAR(MEMORY, SZ_1M, SZ_1M),		\
		[BAR_2] = KNOWN_BAR(FREE, SZ_1M, SZ_1G),		\
		[BAR_4] = KNOWN_BAR(RESERVED, _min, _max) } }

/* R-Car S4: BAR4 is always 256 B */
#define RCAR_S4(_state)							\
	{ .align = SZ_4K, .dynamic = true, .bar = {			\
		[BAR_0] = KNOWN_BAR(MEMORY, SZ_1M, SZ_1M),		\
		[BAR_4] = KNOWN_BAR(_state, SZ_256, SZ_256) } }

/* GITS_TRANSLATER: alone in 64 KiB, behind the control frame */
#define ITS_FRAME	((dma_addr_t)0x808050000ULL)
#define ITS_TARGET							\
	{ .addr = ITS_FRAME + 0x40, .clear_base = ITS_FRAME, .clear_size = SZ_64K }

static const struct known_case known_cases[] = {
	{
		.name = "rk3588: shown in BAR4",
		.ctrl = RK3588(0, 0), .form = PCI_EP_DB_FORM_BAR,
		.req = { KNOWN_ANY(1) },
		.target = { { .bar = BAR_4, .bar_offset = 0xa0 } },
		.bar = BAR_4, .first = 0xa0,
	}, {
		.name = "rk3588: two vectors share the register",
		.ctrl = RK3588(0, 0), .form = PCI_EP_DB_FORM_BAR,
		.req = { KNOWN_ANY(2) },
		.target = { { .bar = BAR_4, .bar_offset = 0xa0 },
			    { .bar = BAR_4, .bar_offset = 0xa0 } },
		.bar = BAR_4, .first = 0xa0,
	}, {
		.name = "rk3588: the register is in BAR4 only",
		.ctrl = RK3588(0, 0), .form = PCI_EP_DB_FORM_BAR,
		.req = { KNOWN_REQ(1, BAR_2, PCI_EP_DB_ANY_OFFSET, 0) },
		.target = { { .bar = BAR_4, .bar_offset = 0xa0 } },
		.ret = -ENOSPC,
	}, {
		.name = "rk3588: the register is at 0xa0 only",
		.ctrl = RK3588(0, 0), .form = PCI_EP_DB_FORM_BAR,
		.req = { KNOWN_REQ(1, BAR_4, 0xa4, 0) },
		.target = { { .bar = BAR_4, .bar_offset = 0xa0 } },
		.ret = -ENOSPC,
	}, {
		.name = "rk3588: up to the end of BAR4",
		.ctrl = RK3588(SZ_8K, SZ_8K), .form = PCI_EP_DB_FORM_BAR,
		.req = { KNOWN_ANY(1) },
		.target = { { .bar = BAR_4, .bar_offset = SZ_8K - 4 } },
		.bar = BAR_4, .size = SZ_8K, .first = SZ_8K - 4,
	}, {
		.name = "rk3588: beyond BAR4",
		.ctrl = RK3588(SZ_8K, SZ_8K), .form = PCI_EP_DB_FORM_BAR,
		.req = { KNOWN_ANY(1) },
		.target = { { .bar = BAR_4, .bar_offset = SZ_8K } },
		.ret = -ENOSPC,
	}, {
		.name = "rk3588: BAR4 shows all of the eDMA",
		.ctrl = RK3588(0, 0), .form = PCI_EP_DB_FORM_BAR,
		.req = { KNOWN_ANY(1), .require = PCI_EP_DB_ISOLATED },
		.target = { { .bar = BAR_4, .bar_offset = 0xa0 } },
		.ret = -ENOSPC,
	}, {
		.name = "rk3588: no window through the reserved BAR4",
		.ctrl = RK3588(0, 0), .form = PCI_EP_DB_FORM_BUS,
		.req = { KNOWN_REQ(1, BAR_4, PCI_EP_DB_ANY_OFFSET, 0) },
		.target = { { .addr = (dma_addr_t)0xa403800a0ULL } },
		.ret = -ENOSPC,
	}, {
		.name = "rk3588: no memory in the reserved BAR4",
		.ctrl = RK3588(0, 0), .form = PCI_EP_DB_FORM_MEMORY,
		.req = { KNOWN_REQ(1, BAR_4, 0, 0) },
		.ret = -ENOSPC,
	}, {
		.name = "rcar-s4: 0xa0 in a lent BAR4",
		.ctrl = RCAR_S4(LENT), .form = PCI_EP_DB_FORM_BUS,
		.req = { KNOWN_ANY(1) },
		.target = { { .addr = 0xe65d50a0 } },
		.bar = BAR_4, .size = SZ_256, .first = 0xa0,
	}, {
		.name = "rcar-s4: 0xfc is the last",
		.ctrl = RCAR_S4(LENT), .form = PCI_EP_DB_FORM_BUS,
		.req = { KNOWN_ANY(1) },
		.target = { { .addr = 0xe65d50fc } },
		.bar = BAR_4, .size = SZ_256, .first = 0xfc,
	}, {
		.name = "rcar-s4: 0x140 is out of BAR4",
		.ctrl = RCAR_S4(LENT), .form = PCI_EP_DB_FORM_BUS,
		.req = { KNOWN_ANY(1) },
		.target = { { .addr = 0xe65d5140 } },
		.ret = -ENOSPC,
	}, {
		.name = "rcar-s4: no window for a free BAR4",
		.ctrl = RCAR_S4(FREE), .form = PCI_EP_DB_FORM_BUS,
		.req = { KNOWN_ANY(1) },
		.target = { { .addr = 0xe65d50a0 } },
		.ret = -ENOSPC,
	}, {
		.name = "rcar-s4: BAR4 was not lent",
		.ctrl = RCAR_S4(MEMORY), .form = PCI_EP_DB_FORM_BUS,
		.req = { KNOWN_REQ(1, BAR_4, 0xa0, 0) },
		.target = { { .addr = 0xe65d50a0 } },
		.ret = -ENOSPC,
	}, {
		.name = "lent BAR that cannot be mapped again",
		.ctrl = { .align = SZ_4K, .windows = 2, .bar = {
			[BAR_4] = KNOWN_BAR(LENT, SZ_256, SZ_256) } },
		.form = PCI_EP_DB_FORM_BUS,
		.req = { KNOWN_ANY(1) },
		.target = { { .addr = 0xe65d50a0 } },
		.ret = -ENOSPC,
	}, {
		.name = "its: 1M lent shows the control frame",
		.ctrl = { .align = SZ_64K, .windows = 1, .dynamic = true,
			  .bar = { [BAR_1] = KNOWN_BAR(LENT, SZ_1M, SZ_1M) } },
		.form = PCI_EP_DB_FORM_BUS,
		.req = { KNOWN_ANY(1) },
		.target = { ITS_TARGET },
		.bar = BAR_1, .size = SZ_1M, .first = 0x50040,
	}, {
		.name = "its: 1M lent is not isolated",
		.ctrl = { .align = SZ_64K, .windows = 1, .dynamic = true,
			  .bar = { [BAR_1] = KNOWN_BAR(LENT, SZ_1M, SZ_1M) } },
		.form = PCI_EP_DB_FORM_BUS,
		.req = { KNOWN_ANY(1), .require = PCI_EP_DB_ISOLATED },
		.target = { ITS_TARGET },
		.ret = -ENOSPC,
	}, {
		.name = "its: 64K free is isolated",
		.ctrl = { .align = SZ_64K, .windows = 1, .bar = {
			[BAR_3] = KNOWN_BAR(FREE, SZ_64K, SZ_1M) } },
		.form = PCI_EP_DB_FORM_BUS,
		.req = { KNOWN_ANY(1), .require = PCI_EP_DB_ISOLATED },
		.target = { ITS_TARGET },
		.bar = BAR_3, .size = SZ_64K, .first = 0x40, .windows = 1,
		.isolated = true,
	}, {
		.name = "its: unknown neighbours are not isolated",
		.ctrl = { .align = SZ_64K, .windows = 1, .bar = {
			[BAR_3] = KNOWN_BAR(FREE, SZ_64K, SZ_1M) } },
		.form = PCI_EP_DB_FORM_BUS,
		.req = { KNOWN_ANY(1), .require = PCI_EP_DB_ISOLATED },
		.target = { { .addr = ITS_FRAME + 0x40,
			      .clear_base = ITS_FRAME } },
		.ret = -ENOSPC,
	}, {
		.name = "its: a window more rather than exposed",
		.ctrl = { .align = SZ_64K, .windows = 1, .dynamic = true,
			  .bar = { [BAR_0] = KNOWN_BAR(LENT, SZ_1M, SZ_1M),
				   [BAR_2] = KNOWN_BAR(FREE, SZ_64K, SZ_1M) } },
		.form = PCI_EP_DB_FORM_BUS,
		.req = { KNOWN_ANY(1), .prefer = PCI_EP_DB_ISOLATED },
		.target = { ITS_TARGET },
		.bar = BAR_2, .size = SZ_64K, .first = 0x40, .windows = 1,
		.isolated = true,
	}, {
		.name = "its: fewest windows if nobody minds",
		.ctrl = { .align = SZ_64K, .windows = 1, .dynamic = true,
			  .bar = { [BAR_0] = KNOWN_BAR(FREE, SZ_64K, SZ_1M),
				   [BAR_2] = KNOWN_BAR(LENT, SZ_1M, SZ_1M) } },
		.form = PCI_EP_DB_FORM_BUS,
		.req = { KNOWN_ANY(1) },
		.target = { ITS_TARGET },
		.bar = BAR_2, .size = SZ_1M, .first = 0x50040,
	}, {
		.name = "its: exposed rather than nothing",
		.ctrl = { .align = SZ_64K, .dynamic = true, .bar = {
			[BAR_0] = KNOWN_BAR(FREE, SZ_64K, SZ_1M),
			[BAR_2] = KNOWN_BAR(LENT, SZ_1M, SZ_1M) } },
		.form = PCI_EP_DB_FORM_BUS,
		.req = { KNOWN_ANY(1), .prefer = PCI_EP_DB_ISOLATED },
		.target = { ITS_TARGET },
		.bar = BAR_2, .size = SZ_1M, .first = 0x50040,
	}, {
		.name = "its: vectors share an offset",
		.ctrl = { .align = SZ_64K, .windows = 1, .bar = {
			[BAR_3] = KNOWN_BAR(FREE, SZ_64K, SZ_1M) } },
		.form = PCI_EP_DB_FORM_BUS,
		.req = { KNOWN_ANY(2) },
		.target = { ITS_TARGET, ITS_TARGET },
		.bar = BAR_3, .size = SZ_64K, .first = 0x40, .windows = 1,
		.isolated = true,
	}, {
		.name = "its: vectors are not in a row",
		.ctrl = { .align = SZ_64K, .windows = 1, .bar = {
			[BAR_3] = KNOWN_BAR(FREE, SZ_64K, SZ_1M) } },
		.form = PCI_EP_DB_FORM_BUS,
		.req = { KNOWN_REQ(2, NO_BAR, PCI_EP_DB_ANY_OFFSET, 4) },
		.target = { ITS_TARGET, ITS_TARGET },
		.ret = -ENOSPC,
	}, {
		.name = "the BAR grows until the offset is right",
		.ctrl = { .align = SZ_64K, .windows = 1, .bar = {
			[BAR_3] = KNOWN_BAR(FREE, SZ_64K, SZ_1M) } },
		.form = PCI_EP_DB_FORM_BUS,
		.req = { KNOWN_REQ(1, BAR_3, 0x50040, 0) },
		.target = { ITS_TARGET },
		.bar = BAR_3, .size = SZ_512K, .first = 0x50040, .windows = 1,
	}, {
		.name = "the BAR grows until both are in it",
		.ctrl = { .align = SZ_4K, .windows = 1, .bar = {
			[BAR_5] = KNOWN_BAR(FREE, SZ_4K, SZ_1M) } },
		.form = PCI_EP_DB_FORM_BUS,
		.req = { KNOWN_ANY(2) },
		.target = { { .addr = 0x10007ffc }, { .addr = 0x10008000 } },
		.bar = BAR_5, .size = SZ_64K, .first = 0x7ffc, .last = 0x8000,
		.windows = 1,
	}, {
		.name = "smaller before lower",
		.ctrl = { .align = SZ_4K, .windows = 2, .bar = {
			[BAR_1] = KNOWN_BAR(FREE, SZ_64K, SZ_1M),
			[BAR_3] = KNOWN_BAR(FREE, SZ_4K, SZ_4K),
			[BAR_5] = KNOWN_BAR(FREE, SZ_4K, SZ_4K) } },
		.form = PCI_EP_DB_FORM_BUS,
		.req = { KNOWN_ANY(1) },
		.target = { { .addr = 0x10007ffc } },
		.bar = BAR_3, .size = SZ_4K, .first = 0xffc, .windows = 1,
	}, {
		.name = "the end of the address space",
		.ctrl = { .align = SZ_4K, .windows = 1, .bar = {
			[BAR_0] = KNOWN_BAR(FREE, SZ_1M, SZ_1M) } },
		.form = PCI_EP_DB_FORM_BUS,
		.req = { KNOWN_ANY(1), .require = PCI_EP_DB_ISOLATED },
		.target = { { .addr = (dma_addr_t)-4,
			      .clear_base = (dma_addr_t)-SZ_1M,
			      .clear_size = SZ_1M } },
		.bar = BAR_0, .size = SZ_1M, .first = 0xffffc, .windows = 1,
		.isolated = true,
	}, {
		.name = "the target is beyond 32 bits of the BAR",
		.ctrl = { .align = SZ_64K, .dynamic = true, .bar = {
			[BAR_0] = KNOWN_BAR(LENT, SZ_8G, SZ_8G) } },
		.form = PCI_EP_DB_FORM_BUS,
		.req = { KNOWN_ANY(1) },
		.target = { { .addr = (dma_addr_t)(SZ_4G + 0x40) } },
		.ret = -ENOSPC, .wide = true,
	}, {
		.name = "targets are 4 GiB apart",
		.ctrl = { .align = SZ_64K, .dynamic = true, .bar = {
			[BAR_0] = KNOWN_BAR(LENT, SZ_1M, SZ_1M) } },
		.form = PCI_EP_DB_FORM_BUS,
		.req = { KNOWN_ANY(2) },
		.target = { { .addr = 0x10000040 },
			    { .addr = (dma_addr_t)(SZ_4G + 0x10000040) } },
		.ret = -ENOSPC, .wide = true,
	}, {
		.name = "nvme: in memory that is not lent",
		.ctrl = { .align = SZ_64K, .bar = {
			[BAR_0] = KNOWN_BAR(MEMORY, SZ_64K, SZ_64K) } },
		.form = PCI_EP_DB_FORM_MEMORY,
		.req = { KNOWN_REQ(256, BAR_0, 0x1000, 4),
			 .kind = PCI_EP_DB_VALUE,
			 .require = PCI_EP_DB_CAPS },
		.bar = BAR_0, .size = SZ_64K, .first = 0x1000, .last = 0x13fc,
		.isolated = true,
	}, {
		.name = "nvme: the offset must be named",
		.ctrl = { .align = SZ_64K, .windows = 1, .dynamic = true,
			  .bar = { [BAR_0] = KNOWN_BAR(MEMORY, SZ_64K, SZ_64K) } },
		.form = PCI_EP_DB_FORM_MEMORY,
		.req = { KNOWN_REQ(256, BAR_0, PCI_EP_DB_ANY_OFFSET, 4) },
		.ret = -ENOSPC,
	}, {
		.name = "nvme: BAR0 is too small",
		.ctrl = { .align = SZ_64K, .bar = {
			[BAR_0] = KNOWN_BAR(MEMORY, SZ_4K, SZ_4K) } },
		.form = PCI_EP_DB_FORM_MEMORY,
		.req = { KNOWN_REQ(256, BAR_0, 0x1000, 4) },
		.ret = -ENOSPC,
	}, {
		.name = "nvme: up to the end of BAR0",
		.ctrl = { .align = SZ_64K, .bar = {
			[BAR_0] = KNOWN_BAR(MEMORY, SZ_8K, SZ_8K) } },
		.form = PCI_EP_DB_FORM_MEMORY,
		.req = { KNOWN_REQ(1024, BAR_0, 0x1000, 4) },
		.bar = BAR_0, .size = SZ_8K, .first = 0x1000, .last = 0x1ffc,
		.isolated = true,
	}, {
		.name = "nvme: one beyond the end of BAR0",
		.ctrl = { .align = SZ_64K, .bar = {
			[BAR_0] = KNOWN_BAR(MEMORY, SZ_8K, SZ_8K) } },
		.form = PCI_EP_DB_FORM_MEMORY,
		.req = { KNOWN_REQ(1025, BAR_0, 0x1000, 4) },
		.ret = -ENOSPC,
	}, {
		.name = "memory: lent, no window is replaced",
		.ctrl = { .align = SZ_64K, .bar = {
			[BAR_2] = KNOWN_BAR(LENT, SZ_4K, SZ_4K) } },
		.form = PCI_EP_DB_FORM_MEMORY,
		.req = { KNOWN_REQ(32, BAR_2, 0x100, 8) },
		.bar = BAR_2, .size = SZ_4K, .first = 0x100, .last = 0x1f8,
		.isolated = true,
	}, {
		.name = "memory: all doorbells there can be",
		.ctrl = { .align = SZ_4K, .windows = 1, .bar = {
			[BAR_2] = KNOWN_BAR(FREE, SZ_256, SZ_1M) } },
		.form = PCI_EP_DB_FORM_MEMORY,
		.req = { KNOWN_REQ(PCI_EP_DB_MAX_COUNT, BAR_2, 0, 4) },
		.bar = BAR_2, .size = SZ_8K, .last = SZ_8K - 4, .windows = 1,
		.isolated = true,
	}, {
		.name = "memory: nothing that can be used",
		.ctrl = { .align = SZ_4K, .dynamic = true, .bar = {
			[BAR_0] = KNOWN_BAR(MEMORY, SZ_4K, SZ_4K),
			[BAR_2] = KNOWN_BAR(FREE, SZ_256, SZ_1M) } },
		.form = PCI_EP_DB_FORM_MEMORY,
		.req = { KNOWN_ANY(1) },
		.ret = -ENOSPC,
	},
};

KUNIT_ARRAY_PARAM_DESC(known, known_cases, name);

static void layout_known_test(struct kunit *test)
{
	const struct known_case *k = test->param_value;
	unsigned int i, count = k->req.count;
	struct pci_ep_db_target *target;
	struct pci_ep_db_layout l;
	int ret;

	if (k->wide && sizeof(dma_addr_t) < sizeof(u64))
		kunit_skip(test, "bus addresses are narrower");

	target = kunit_kcalloc(test, count, sizeof(*target), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, target);
	for (i = 0; i < count && i < ARRAY_SIZE(k->target); i++)
		target[i] = k->target[i];

	KUNIT_ASSERT_EQ(test, pci_ep_db_check_request(&k->req), 0);
	memset(&l, 0xa5, sizeof(l));
	ret = pci_ep_db_solve(&k->ctrl, &k->req, k->form, target, count, &l);
	KUNIT_ASSERT_EQ(test, ret, k->ret);
	if (ret)
		return;

	KUNIT_EXPECT_EQ(test, (int)l.form, (int)k->form);
	KUNIT_EXPECT_EQ(test, (int)l.bar, (int)k->bar);
	if (k->size)
		KUNIT_EXPECT_EQ(test, l.size, k->size);
	KUNIT_EXPECT_EQ(test, l.windows, k->windows);
	KUNIT_EXPECT_EQ(test, l.claim,
			k->ctrl.bar[k->bar].state == PCI_EP_DB_BAR_FREE);
	KUNIT_EXPECT_EQ(test, l.isolated, k->isolated);
	KUNIT_EXPECT_EQ(test, pci_ep_db_layout_offset(&l, target, 0), k->first);
	KUNIT_EXPECT_EQ(test, pci_ep_db_layout_offset(&l, target, count - 1),
			k->last ?: k->first);
	if (k->form == PCI_EP_DB_FORM_BUS)
		KUNIT_EXPECT_EQ(test, l.base + k->first, k->target[0].addr);
}

enum edit_type { EDIT_NOTHING, EDIT_U32, EDIT_U8, EDIT_POINTER };

/* A change to a request, at @offset of it */
struct edit {
	enum edit_type	type;
	size_t		offset;
	u32		value;
};

#define EDIT(_type, _field, _value)					\
	{ _type, offsetof(struct pci_ep_db_request, _field), _value }
#define SET(_field, _value)	EDIT(EDIT_U32, _field, _value)
#define LEND(_value)		EDIT(EDIT_U8, lend, _value)
#define CLEAR(_field)		EDIT(EDIT_POINTER, _field, 0)

/**
 * struct check_case - a way to be malformed, and its neighbour
 * @name: which
 * @both: what makes both of a good request
 * @bad: what makes a bad one of that
 * @good: what makes another good one
 */
struct check_case {
	const char	*name;
	struct edit	both[5];
	struct edit	bad;
	struct edit	good;
};

static const struct check_case check_cases[] = {
	{ "no doorbell", {}, SET(count, 0), SET(count, 1) },
	{ "too many doorbells", {}, SET(count, PCI_EP_DB_MAX_COUNT + 1),
	  SET(count, PCI_EP_DB_MAX_COUNT) },
	{ "far too many doorbells", {}, SET(count, U32_MAX), SET(count, 2) },
	{ "fewest above count", { SET(count, 3) }, SET(min_count, 4),
	  SET(min_count, 3) },
	{ "fewest far above count", { SET(count, 3) }, SET(min_count, U32_MAX),
	  SET(min_count, 0) },
	{ "stride of one doorbell", {}, SET(stride, 2), SET(stride, 4) },
	{ "stride 1", { SET(count, 2) }, SET(stride, 1), SET(stride, 0) },
	{ "stride 2", { SET(count, 2) }, SET(stride, 2), SET(stride, 4) },
	{ "stride 3", { SET(count, 2) }, SET(stride, 3), SET(stride, 4) },
	{ "stride 6", { SET(count, 2) }, SET(stride, 6), SET(stride, 8) },
	{ "stride 13", { SET(count, 2) }, SET(stride, 13), SET(stride, 12) },
	{ "stride below align", { SET(count, 2), SET(align, 64) },
	  SET(stride, 32), SET(stride, 64) },
	{ "stride no multiple of align", { SET(count, 2), SET(align, 16) },
	  SET(stride, 40), SET(stride, 48) },
	{ "align 3", {}, SET(align, 3), SET(align, 4) },
	{ "align 12", {}, SET(align, 12), SET(align, 8) },
	{ "align 0x80000001", {}, SET(align, 0x80000001),
	  SET(align, 0x80000000) },
	{ "offset 0x1002", { SET(bar, BAR_0) }, SET(offset, 0x1002),
	  SET(offset, 0x1004) },
	{ "offset misaligned", { SET(bar, BAR_0), SET(align, 16) },
	  SET(offset, 0x1008), SET(offset, 0x1010) },
	{ "last doorbell beyond 32 bits",
	  { SET(bar, BAR_0), SET(count, 3), SET(stride, 0x100) },
	  SET(offset, 0xffffff00), SET(offset, 0xfffffd00) },
	{ "last doorbell far beyond 32 bits",
	  { SET(bar, BAR_0), SET(count, 2048), SET(offset, 0x1000) },
	  SET(stride, 0x80000000), SET(stride, 0x100000) },
	{ "last offset is 0 again",
	  { SET(bar, BAR_0), SET(count, 2), SET(offset, 0x80000000) },
	  SET(stride, 0x80000000), SET(stride, 0x40000000) },
	{ "BAR 6", {}, SET(bar, 6), SET(bar, BAR_5) },
	{ "BAR -2", {}, SET(bar, (u32)-2), SET(bar, (u32)NO_BAR) },
	{ "offset in no BAR", { SET(offset, 0x1000) }, SET(bar, (u32)NO_BAR),
	  SET(bar, BAR_0) },
	{ "offset 0 in no BAR", { SET(offset, 0) }, SET(bar, (u32)NO_BAR),
	  SET(bar, BAR_0) },
	{ "unknown requirement", {}, SET(require, BIT(3)),
	  SET(require, PCI_EP_DB_CAPS) },
	{ "unknown last requirement", {}, SET(require, BIT(31)),
	  SET(require, PCI_EP_DB_ISOLATED) },
	{ "unknown preference", {}, SET(prefer, BIT(3)),
	  SET(prefer, PCI_EP_DB_CAPS) },
	{ "unknown last preference", {}, SET(prefer, BIT(31)),
	  SET(prefer, PCI_EP_DB_DISTINCT) },
	{ "unknown kind", {}, SET(kind, PCI_EP_DB_MAILBOX + 1),
	  SET(kind, PCI_EP_DB_MAILBOX) },
	{ "kind -1", {}, SET(kind, U32_MAX), SET(kind, PCI_EP_DB_VALUE) },
	{ "unknown type", { SET(num_types, 1) },
	  SET(types[0], PCI_EP_DB_NR_TYPES), SET(types[0], PCI_EP_DB_POLL) },
	{ "unknown second type", { SET(num_types, 2) }, SET(types[1], U32_MAX),
	  SET(types[1], PCI_EP_DB_MSI) },
	{ "unknown type that does not count", { SET(types[2], U32_MAX),
	  SET(types[0], PCI_EP_DB_POLL) }, SET(num_types, 3),
	  SET(num_types, 2) },
	{ "a type twice", { SET(num_types, 2), SET(types[0], PCI_EP_DB_MSI) },
	  SET(types[1], PCI_EP_DB_MSI), SET(types[1], PCI_EP_DB_POLL) },
	{ "the first type again", { SET(num_types, 4),
	  SET(types[0], PCI_EP_DB_POLL), SET(types[1], PCI_EP_DB_EMBEDDED),
	  SET(types[2], PCI_EP_DB_MSI) },
	  SET(types[3], PCI_EP_DB_POLL), SET(types[3], PCI_EP_DB_CONTROLLER) },
	{ "too many types", { SET(types[1], PCI_EP_DB_MSI),
	  SET(types[2], PCI_EP_DB_EMBEDDED), SET(types[3], PCI_EP_DB_POLL) },
	  SET(num_types, PCI_EP_DB_NR_TYPES + 1),
	  SET(num_types, PCI_EP_DB_NR_TYPES) },
	{ "far too many types", { SET(types[1], PCI_EP_DB_MSI),
	  SET(types[2], PCI_EP_DB_EMBEDDED), SET(types[3], PCI_EP_DB_POLL) },
	  SET(num_types, U32_MAX), SET(num_types, 0) },
	{ "lends BAR 6", {}, LEND(BIT(6)), LEND(BIT(5)) },
	{ "lends BAR 7", {}, LEND(BIT(7)), LEND(0x3f) },
	{ "no handler", {}, CLEAR(handler), CLEAR(gone) },
	{ "no name", {}, CLEAR(name), CLEAR(priv) },
};

KUNIT_ARRAY_PARAM_DESC(check, check_cases, name);

static void apply(struct pci_ep_db_request *req, const struct edit *e)
{
	void *field = (void *)req + e->offset;

	switch (e->type) {
	case EDIT_U32:
		*(u32 *)field = e->value;
		break;
	case EDIT_U8:
		*(u8 *)field = e->value;
		break;
	case EDIT_POINTER:
		*(void **)field = NULL;
		break;
	default:
		break;
	}
}

static void check_request_test(struct kunit *test)
{
	const struct check_case *k = test->param_value;
	struct pci_ep_db_request req = { KNOWN_ANY(1) };
	struct pci_ep_db_request bad;
	unsigned int i;

	KUNIT_ASSERT_EQ(test, pci_ep_db_check_request(&req), 0);
	for (i = 0; i < ARRAY_SIZE(k->both); i++)
		apply(&req, &k->both[i]);
	bad = req;
	apply(&bad, &k->bad);
	KUNIT_EXPECT_EQ(test, pci_ep_db_check_request(&bad), -EINVAL);
	apply(&req, &k->good);
	KUNIT_EXPECT_EQ(test, pci_ep_db_check_request(&req), 0);
}

static struct kunit_case layout_cases[] = {
	KUNIT_CASE_SLOW(layout_oracle_test),
	KUNIT_CASE_PARAM(layout_known_test, known_gen_params),
	KUNIT_CASE_PARAM(check_request_test, check_gen_params),
	{}
};

static struct kunit_suite layout_suite = {
	.name = "pci-ep-doorbell-layout",
	.test_cases = layout_cases,
};

kunit_test_suite(layout_suite);

MODULE_DESCRIPTION("Tests of the PCI endpoint doorbell layout solver");
MODULE_LICENSE("GPL");
MODULE_IMPORT_NS("EXPORTED_FOR_KUNIT_TESTING");
