// SPDX-License-Identifier: GPL-2.0
/*
 * PCI endpoint doorbells: tests of the layout solver and of what it says to
 * malformed requests
 *
 * The oracle shares nothing with the solver: it simulates what the inbound
 * translation of an endpoint controller does to a write of the host, and tries
 * every BAR, every size the BAR can be given, every window the controller
 * accepts, every part of a BAR that can be one, and for memory every word.
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

#define CASES		150000
#define MAX_COUNT	6
#define MAX_REPORTS	3

/*
 * What a controller that divides BARs counts in: as many bytes as its
 * alignment. BARs have no more of them than the oracle can try.
 */
#define MAX_GRANULES	64

/* One for each set and for the new one, and the memory around them */
#define MAX_PARTS	(2 * (PCI_EP_DB_MAX_USED + 1) + 1)

/* Where the targets of small cases are; every window in it can be tried */
#define SMALL_SPACE	SZ_16K
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
 * @window: PCI_EP_DB_FORM_BUS: bytes from the start of the BAR to the window
 * @shown: bytes of the window, or of the BAR where nothing is mapped
 * @windows: inbound windows beyond those in use
 * @isolated: the host sees nothing but what is around the targets
 * @off: bytes from the start of the BAR to each doorbell
 */
struct place {
	bool		found;
	int		bar;
	u64		size;
	u64		reg;
	u64		window;
	u64		shown;
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

static bool overlap(u64 a, u64 a_size, u64 b, u64 b_size)
{
	return a < b + b_size && b < a + a_size;
}

/* Can windows map parts of this BAR, which is set? */
static bool divisible(const struct layout_case *c,
		      const struct pci_ep_db_layout_bar *bar)
{
	u64 below_align = c->ctrl.align - 1;

	return c->ctrl.subrange && c->ctrl.dynamic && c->ctrl.align &&
	       !(bar->min_size & below_align) && !(bar->memory & below_align);
}

/* From one multiple of @step to another, both of them powers of two */
static void draw_part(struct layout_case *c, u64 all, u64 step, u64 *start,
		      u64 *size)
{
	*start = rnd(c) & (all - step);
	*size = min((rnd(c) & (all - step)) + step, all - *start);
}

static void draw_lent(struct layout_case *c, struct pci_ep_db_layout_bar *bar)
{
	u64 step = BIT(below(c, 3));

	bar->lent_size = bar->min_size;
	if (percent(c, 40))
		return;
	if (divisible(c, bar) && percent(c, 70))
		step = c->ctrl.align;
	draw_part(c, bar->min_size, step, &bar->lent_start, &bar->lent_size);
	/* A byte or two less */
	if (bar->lent_size > 4 && percent(c, 15)) {
		bar->lent_start += below(c, 2);
		bar->lent_size -= 1 + below(c, 2);
	}
}

static void add_used(struct pci_ep_db_layout_bar *bar,
		     const struct pci_ep_db_layout_used *add)
{
	unsigned int i;

	if (bar->nr_used == PCI_EP_DB_MAX_USED)
		return;
	for (i = 0; i < bar->nr_used; i++)
		if ((add->window || bar->used[i].window) &&
		    overlap(add->start, add->size, bar->used[i].start,
			    bar->used[i].size))
			return;
	for (i = bar->nr_used++; i; i--) {
		if (bar->used[i - 1].start <= add->start)
			break;
		bar->used[i] = bar->used[i - 1];
	}
	bar->used[i] = *add;
}

static void draw_used(struct layout_case *c, struct pci_ep_db_layout_bar *bar)
{
	u32 windows = divisible(c, bar) ? 50 : 0;
	struct pci_ep_db_layout_used add;
	unsigned int draws = 0;
	u64 step;

	if (percent(c, 65))
		draws = 1 + below(c, percent(c, 70) ? 3 : 16);
	/* Not every draw adds something */
	for (; draws; draws--) {
		add.window = percent(c, windows);
		step = add.window ? c->ctrl.align : 4;
		draw_part(c, bar->min_size, step, &add.start, &add.size);
		add.size = min(add.size, step * (1 + below(c, 3)));
		add_used(bar, &add);
	}
	/* The other set has all of it, which takes no dividing */
	if (c->ctrl.dynamic && c->ctrl.align && bar->min_size >= c->ctrl.align &&
	    !bar->nr_used && percent(c, 5)) {
		bar->nr_used = 1;
		bar->used[0].start = 0;
		bar->used[0].size = bar->min_size;
		bar->used[0].window = true;
	}
}

static u64 draw_size(struct layout_case *c)
{
	if (!c->big)
		return pow2(c, 4, 12);
	return percent(c, 5) ? SZ_8G : pow2(c, 8, 20);
}

/* A BAR that holds memory */
static void draw_set_bar(struct layout_case *c,
			 struct pci_ep_db_layout_bar *bar)
{
	u64 align = c->ctrl.align;
	u64 size = draw_size(c);

	if (align && c->ctrl.subrange) {
		if (percent(c, 85))
			size = align << below(c, 7);
		size = min(size, align * MAX_GRANULES);
	}
	if (!c->big)
		size = min(size, SZ_4K);
	bar->min_size = max(size, 16);
	bar->max_size = bar->min_size;

	/* Far from the targets, so that nothing reaches both */
	bar->memory = BIT_ULL(40) | rnd(c) >> 24;
	bar->memory &= ~(dma_addr_t)(align && percent(c, 93) ? align - 1 : 3);
	draw_lent(c, bar);
	draw_used(c, bar);
}

static void draw_bar(struct layout_case *c, struct pci_ep_db_layout_bar *bar)
{
	static const enum pci_ep_db_bar_state states[] = {
		PCI_EP_DB_BAR_NONE, PCI_EP_DB_BAR_FREE, PCI_EP_DB_BAR_FREE,
		PCI_EP_DB_BAR_FREE, PCI_EP_DB_BAR_LENT, PCI_EP_DB_BAR_LENT,
		PCI_EP_DB_BAR_LENT, PCI_EP_DB_BAR_MEMORY,
		PCI_EP_DB_BAR_MEMORY, PCI_EP_DB_BAR_RESERVED,
	};

	memset(bar, 0, sizeof(*bar));
	bar->state = states[below(c, ARRAY_SIZE(states))];
	if (bar->state == PCI_EP_DB_BAR_LENT ||
	    bar->state == PCI_EP_DB_BAR_MEMORY) {
		draw_set_bar(c, bar);
		return;
	}
	bar->min_size = draw_size(c);
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
	/* No controller is known to; parts are then beyond 32 bits of a BAR */
	if (c->big && percent(c, 20))
		c->ctrl.align = SZ_128M;
	/* Controllers without a demand of their own */
	if (percent(c, 5))
		c->ctrl.align = 0;
	c->ctrl.windows = below(c, 4);
	c->ctrl.dynamic = percent(c, 75);
	c->ctrl.subrange = percent(c, 75);
	c->req.lend = 0;
	for (i = 0; i < PCI_STD_NUM_BARS; i++) {
		draw_bar(c, &c->ctrl.bar[i]);
		if (c->ctrl.bar[i].state == PCI_EP_DB_BAR_LENT)
			c->req.lend |= BIT(i);
	}
}

/* The solver is told in the BARs what is lent, and must not care for these */
static void draw_lend(struct layout_case *c)
{
	c->req.lend_offset = 0;
	c->req.lend_size = 0;
	if (c->req.lend && percent(c, 50)) {
		c->req.lend_offset = rnd(c) >> 33;
		c->req.lend_size = 1 + (rnd(c) >> 33);
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

/* The first doorbell before what another set has, the next one behind it */
static void draw_around(struct layout_case *c)
{
	const struct pci_ep_db_layout_bar *bar = &c->ctrl.bar[c->req.bar];
	const struct pci_ep_db_layout_used *used;

	if (c->big || !bar->nr_used || !percent(c, 30))
		return;
	used = &bar->used[below(c, bar->nr_used)];
	if (!used->start)
		return;
	c->req.offset = round_down(used->start - 1, unit(c));
	c->req.stride = round_up(used->start + used->size - c->req.offset,
				 unit(c));
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
		if (room > SZ_1M && percent(c, 50))
			req->offset += rnd(c) & (min(room, SZ_4G) - SZ_2M);
		req->offset &= ~(unit(c) - 1);
		draw_around(c);
	} else if (req->count < 3 && percent(c, 2)) {
		req->stride = SZ_2G;
	}
}

/* Doorbells after the first: at the same place, in a row, near, or not */
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
	case 2:
		return first + c->ctrl.align * below(c, 4) - c->ctrl.align;
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
	if (size < c->ctrl.align || percent(c, 30))
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
	if (percent(c, c->space == (dma_addr_t)-c->span ? 50 : 3))
		addr = c->span - 4;
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
	u32 how = below(c, 4);
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
		c->ctrl.bar[bar].nr_used = 0;
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
	draw_lend(c);
}

/*
 * The hardware: a window in BAR match mode, or several in address match mode
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

/* Whose a granule is, besides the sets in the order of @used */
#define OWNER_MEMORY	(-1)
#define OWNER_NEW	(-2)

/**
 * struct hw_part - a window of a BAR that is divided
 * @start: bytes from the start of the BAR
 * @size: bytes
 * @addr: what the start reaches; of other sets nobody here knows it
 * @owner: whose it is
 */
struct hw_part {
	u64	start;
	u64	size;
	u64	addr;
	int	owner;
};

static int hw_owner(const struct pci_ep_db_layout_bar *bar, u64 at)
{
	unsigned int i;

	for (i = 0; i < bar->nr_used; i++)
		if (bar->used[i].window && at >= bar->used[i].start &&
		    at - bar->used[i].start < bar->used[i].size)
			return i;
	return OWNER_MEMORY;
}

/*
 * Divide a BAR, granule by granule, as it is with a window of @size bytes at
 * @start that reaches @reg. Returns how many parts it has then.
 */
static unsigned int hw_divide(const struct layout_case *c,
			      const struct pci_ep_db_layout_bar *bar, u64 start,
			      u64 size, u64 reg, struct hw_part *part)
{
	unsigned int n = 0;
	int owner;
	u64 at;

	for (at = 0; at < bar->min_size; at += c->ctrl.align) {
		owner = hw_owner(bar, at);
		if (at >= start && at - start < size)
			owner = OWNER_NEW;
		if (n && part[n - 1].owner == owner) {
			part[n - 1].size += c->ctrl.align;
			continue;
		}
		part[n].start = at;
		part[n].size = c->ctrl.align;
		part[n].addr = owner == OWNER_NEW ? reg : bar->memory + at;
		part[n++].owner = owner;
	}
	return n;
}

/* A BAR that nobody divided has one window, however many bytes there are */
static noinline_for_stack unsigned int
hw_new_windows(const struct layout_case *c,
	       const struct pci_ep_db_layout_bar *bar, u64 start, u64 size)
{
	struct hw_part part[MAX_PARTS];

	return hw_divide(c, bar, start, size, 0, part) -
	       hw_divide(c, bar, 0, 0, 0, part);
}

static const struct hw_part *hw_part_at(const struct hw_part *part,
					unsigned int n, u64 offset, u64 size)
{
	unsigned int i;

	for (i = 0; i < n; i++)
		if (offset >= part[i].start &&
		    offset - part[i].start < part[i].size)
			return part[i].size - (offset - part[i].start) < size ?
			       NULL : &part[i];
	return NULL;
}

/*
 * The oracle
 */

/* May doorbells be in a BAR in this state? */
static bool usable(const struct layout_case *c, int bar)
{
	const struct pci_ep_db_request *req = &c->req;

	if (req->bar != NO_BAR && (int)req->bar != bar)
		return false;

	switch (c->ctrl.bar[bar].state) {
	case PCI_EP_DB_BAR_FREE:
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

/* Windows beyond those in use, for a BAR that nobody divides */
static unsigned int whole_windows(const struct pci_ep_db_layout_bar *bar)
{
	return bar->state == PCI_EP_DB_BAR_FREE ? 1 : 0;
}

/* May a window take all of a BAR? */
static bool replaceable(const struct pci_ep_db_layout_bar *bar)
{
	return bar->state == PCI_EP_DB_BAR_FREE ||
	       (!bar->lent_start && bar->lent_size == bar->min_size &&
		!bar->nr_used);
}

/* Does the EPF do without this part of a BAR, and nobody else have it? */
static bool available(const struct pci_ep_db_layout_bar *bar, u64 start,
		      u64 size)
{
	unsigned int i;

	if (start < bar->lent_start ||
	    start + size > bar->lent_start + bar->lent_size)
		return false;
	for (i = 0; i < bar->nr_used; i++)
		if (overlap(start, size, bar->used[i].start, bar->used[i].size))
			return false;
	return true;
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
	p->window = 0;
	p->shown = p->size;
	p->windows = whole_windows(&c->ctrl.bar[p->bar]);
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

/* The granules that the targets are in; false if they are not less than a BAR */
static bool reach(const struct layout_case *c, struct place *p)
{
	u64 low = c->target[0].addr, high = low, addr;
	unsigned int i;

	for (i = 1; i < c->count; i++) {
		addr = c->target[i].addr;
		low = min(low, addr);
		high = max(high, addr);
	}
	p->reg = hw_register(low, 1, c->ctrl.align);
	p->shown = 0;
	/* The last one may be the end of the address space */
	while (p->shown < high - p->reg + 4 && p->shown < p->size)
		p->shown += c->ctrl.align;
	return p->shown >= high - p->reg + 4 && p->shown < p->size;
}

static bool part_fits(const struct layout_case *c,
		      const struct pci_ep_db_layout_bar *bar, u64 window,
		      struct place *p)
{
	unsigned int i;

	if (!available(bar, window, p->shown))
		return false;
	for (i = 0; i < c->count; i++)
		p->off[i] = window + (c->target[i].addr - p->reg);
	if (!asked_for(c, p->size, p->off))
		return false;
	p->window = window;
	return true;
}

/*
 * Every part of a BAR, lowest first. The first one that fits has to do: that
 * another one takes fewer windows does not count.
 */
static bool find_part(const struct layout_case *c, struct place *p)
{
	const struct pci_ep_db_layout_bar *bar = &c->ctrl.bar[p->bar];
	u64 at;

	if (bar->state != PCI_EP_DB_BAR_LENT || !divisible(c, bar) ||
	    !reach(c, p))
		return false;
	p->isolated = hw_hides_others(c, p->reg, p->shown);
	for (at = 0; at + p->shown <= p->size; at += c->ctrl.align) {
		if (!part_fits(c, bar, at, p))
			continue;
		p->windows = hw_new_windows(c, bar, at, p->shown);
		return p->windows <= c->ctrl.windows;
	}
	return false;
}

/*
 * Where the core may choose how far words are apart, nothing is gained by more
 * than is needed.
 */
static bool words_fit(const struct layout_case *c, u64 first, struct place *p)
{
	u64 stride = c->req.stride ?: unit(c);
	unsigned int i;

	for (i = 0; i < c->count; i++)
		p->off[i] = first + i * stride;
	return asked_for(c, p->size, p->off);
}

/* A word that the request names need only reach memory */
static bool words_reached(const struct layout_case *c,
			  const struct pci_ep_db_layout_bar *bar,
			  const u64 *off)
{
	unsigned int i, j;

	for (i = 0; i < c->count; i++)
		for (j = 0; j < bar->nr_used; j++)
			if (bar->used[j].window &&
			    overlap(off[i], 4, bar->used[j].start,
				    bar->used[j].size))
				return false;
	return true;
}

/* Every word from @from to @to, lowest first */
static bool find_word(const struct layout_case *c, u64 from, u64 to,
		      struct place *p)
{
	const struct pci_ep_db_layout_bar *bar = &c->ctrl.bar[p->bar];
	u64 first;

	for (first = round_up(from, 4); first < to; first += 4)
		if (words_fit(c, first, p) &&
		    (bar->state == PCI_EP_DB_BAR_FREE ||
		     available(bar, first,
			       p->off[c->count - 1] + 4 - p->off[0])))
			return true;
	return false;
}

/*
 * In big cases only words behind something can be the lowest: others can as
 * well be moved towards the start.
 */
static bool find_behind(const struct layout_case *c, struct place *p)
{
	const struct pci_ep_db_layout_bar *bar = &c->ctrl.bar[p->bar];
	u64 edge = bar->lent_start;
	struct place low = {};
	unsigned int i;

	for (i = 0; i <= bar->nr_used; i++) {
		if (i)
			edge = bar->used[i - 1].start + bar->used[i - 1].size;
		if (find_word(c, edge, min(edge + SZ_1K, p->size), p) &&
		    (!low.found || p->off[0] < low.off[0])) {
			low = *p;
			low.found = true;
		}
	}
	*p = low;
	return low.found;
}

static bool find_words(const struct layout_case *c, struct place *p)
{
	const struct pci_ep_db_layout_bar *bar = &c->ctrl.bar[p->bar];

	p->isolated = true;
	p->shown = p->size;
	p->windows = whole_windows(bar);
	if (c->req.offset != PCI_EP_DB_ANY_OFFSET)
		return words_fit(c, c->req.offset, p) &&
		       words_reached(c, bar, p->off);
	return c->big ? find_behind(c, p) : find_word(c, 0, p->size, p);
}

/*
 * What the hardware shows nobody can move, nor hide what is around it. An
 * unknown size does not tell of any target that it is not there.
 */
static bool find_shown(const struct layout_case *c, struct place *p)
{
	unsigned int i;

	p->isolated = false;
	p->shown = p->size;
	p->windows = 0;
	for (i = 0; i < c->count; i++) {
		if ((int)c->target[i].bar != p->bar)
			return false;
		p->off[i] = c->target[i].bar_offset;
	}
	return asked_for(c, p->size ?: SZ_4G, p->off);
}

/*
 * The order of preference: isolated where that is preferred, fewest windows,
 * isolated, what shows the host least, lowest BAR.
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
	if (a->isolated != b->isolated)
		return a->isolated;
	if (a->shown != b->shown)
		return a->shown < b->shown;
	return a->bar < b->bar;
}

static void consider(const struct layout_case *c, const struct place *p,
		     struct place *best)
{
	if (!p->isolated && (c->req.require & PCI_EP_DB_ISOLATED))
		return;
	if (better(c, p, best)) {
		*best = *p;
		best->found = true;
	}
}

static void find_in(const struct layout_case *c, struct place *p,
		    struct place *best)
{
	switch (c->form) {
	case PCI_EP_DB_FORM_BUS:
		if (replaceable(&c->ctrl.bar[p->bar]) && find_window(c, p))
			consider(c, p, best);
		if (find_part(c, p))
			consider(c, p, best);
		break;
	case PCI_EP_DB_FORM_MEMORY:
		if (find_words(c, p))
			consider(c, p, best);
		break;
	default:
		if (find_shown(c, p))
			consider(c, p, best);
		break;
	}
}

static void find_best(const struct layout_case *c, struct place *best)
{
	struct place p = {};
	int bar;
	u64 size;

	best->found = false;
	for (bar = 0; bar < PCI_STD_NUM_BARS; bar++) {
		if (!usable(c, bar))
			continue;
		for (size = c->ctrl.bar[bar].min_size;
		     size <= c->ctrl.bar[bar].max_size; size *= 2) {
			p.bar = bar;
			p.size = size;
			find_in(c, &p, best);
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
	bool claim;

	if (l->form != c->form)
		return "another form";
	if ((int)l->bar < 0 || (int)l->bar >= PCI_STD_NUM_BARS)
		return "no such BAR";
	bar = &c->ctrl.bar[l->bar];
	if (!usable(c, l->bar))
		return "this BAR may not be used";
	if (l->windows > c->ctrl.windows)
		return "more windows than there are";
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
	const struct pci_ep_db_layout_bar *bar = &c->ctrl.bar[l->bar];
	unsigned int i;
	u64 addr;

	if (!replaceable(bar))
		return "not all of the BAR may be taken";
	if (l->window)
		return "a window that is the whole BAR begins with it";
	if (l->windows != whole_windows(bar))
		return "wrong number of windows";
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

/* What a part must be so that the controller maps it, and all others with it */
static bool mappable(const struct layout_case *c,
		     const struct pci_ep_db_layout *l,
		     const struct hw_part *part, unsigned int n)
{
	u64 align = c->ctrl.align;
	unsigned int i;

	for (i = 0; i < n; i++)
		if (part[i].owner < 0 &&
		    hw_register(part[i].addr, 1, align) != part[i].addr)
			return false;
	return hw_register(l->window, 1, align) == l->window &&
	       hw_register(l->window_size, 1, align) == l->window_size;
}

/* Does this byte reach what it reached before? */
static bool kept(const struct pci_ep_db_layout_bar *bar,
		 const struct hw_part *part, unsigned int n, u64 at)
{
	part = hw_part_at(part, n, at, 1);
	if (!part || part->owner != hw_owner(bar, at))
		return false;
	return part->owner != OWNER_MEMORY ||
	       part->addr + (at - part->start) == bar->memory + at;
}

/* Of the memory around the window the first and the last byte of granules */
static const char *wrong_memory(const struct layout_case *c,
				const struct pci_ep_db_layout *l,
				const struct hw_part *part, unsigned int n)
{
	const struct pci_ep_db_layout_bar *bar = &c->ctrl.bar[l->bar];
	const struct pci_ep_db_layout_used *used;
	u64 end = bar->lent_start + bar->lent_size, at;

	for (at = 0; at < l->size; at += at & 1 ? 1 : c->ctrl.align - 1)
		if ((at < bar->lent_start || at >= end ||
		     at < l->window || at - l->window >= l->window_size) &&
		    !kept(bar, part, n, at))
			return "memory that is not lent is not reached";
	for (used = bar->used; used < bar->used + bar->nr_used; used++)
		for (at = 0; at < used->size; at += used->window ?
						    c->ctrl.align : 1)
			if (!kept(bar, part, n, used->start + at))
				return "another set is in the way";
	return NULL;
}

static noinline_for_stack const char *
wrong_part(const struct layout_case *c, const struct pci_ep_db_layout *l,
	   const u64 *off)
{
	const struct pci_ep_db_layout_bar *bar = &c->ctrl.bar[l->bar];
	const struct hw_part *at;
	struct hw_part part[MAX_PARTS];
	unsigned int n, i;
	const char *why;

	if (bar->state != PCI_EP_DB_BAR_LENT || !divisible(c, bar))
		return "no part of the BAR can be mapped";
	if (l->window >= l->size || l->window_size > l->size - l->window)
		return "the window is not in the BAR";
	n = hw_divide(c, bar, l->window, l->window_size, l->base, part);
	if (!mappable(c, l, part, n))
		return "the controller cannot map this part";
	why = wrong_memory(c, l, part, n);
	if (why)
		return why;
	for (i = 0; i < c->count; i++) {
		at = hw_part_at(part, n, off[i], 4);
		if (!at || at->owner != OWNER_NEW ||
		    at->addr + (off[i] - at->start) != c->target[i].addr)
			return "a ring does not reach its target";
	}
	if (l->windows != n - hw_divide(c, bar, 0, 0, 0, part))
		return "wrong number of windows";
	if (l->isolated != hw_hides_others(c, l->base, l->window_size))
		return "isolated is not true";
	return NULL;
}

static const char *wrong_words(const struct layout_case *c,
			       const struct pci_ep_db_layout *l, const u64 *off)
{
	const struct pci_ep_db_layout_bar *bar = &c->ctrl.bar[l->bar];
	unsigned int i, j;

	if (l->windows != whole_windows(bar))
		return "wrong number of windows";
	if (!words_reached(c, bar, off))
		return "a window hides a word";
	if (bar->state == PCI_EP_DB_BAR_LENT &&
	    c->req.offset == PCI_EP_DB_ANY_OFFSET &&
	    !available(bar, off[0], off[c->count - 1] + 4 - off[0]))
		return "words that are not lent, or another set's";
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

	if (l->windows)
		return "wrong number of windows";
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
		return l->window_size == l->size ? wrong_window(c, l, off) :
						   wrong_part(c, l, off);
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
	       (a->form != PCI_EP_DB_FORM_BUS ||
		(a->base == b->base && a->window == b->window &&
		 a->window_size == b->window_size)) &&
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

/* Of what is as good, the place nearest to the start of the BAR */
static const char *not_first(const struct layout_case *c,
			     const struct place *best,
			     const struct pci_ep_db_layout *l)
{
	if (c->form == PCI_EP_DB_FORM_BUS &&
	    (l->window_size != best->shown || l->base != best->reg))
		return "there is a better window";
	if (c->form == PCI_EP_DB_FORM_BUS && l->window != best->window)
		return "this is not the lowest window";
	if (c->form == PCI_EP_DB_FORM_MEMORY &&
	    c->ctrl.bar[l->bar].state == PCI_EP_DB_BAR_LENT &&
	    l->first != best->off[0])
		return "these are not the lowest words";
	return NULL;
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
	return not_first(c, best, l);
}

static void print_bar(struct kunit *test, unsigned int n,
		      const struct pci_ep_db_layout_bar *bar)
{
	unsigned int i;

	kunit_err(test, "  BAR%u %s %#llx to %#llx, memory %#llx, lent %#llx + %#llx\n",
		  n, state_names[bar->state], bar->min_size, bar->max_size,
		  (u64)bar->memory, bar->lent_start, bar->lent_size);
	for (i = 0; i < bar->nr_used; i++)
		kunit_err(test, "    used: %s %#llx + %#llx\n",
			  bar->used[i].window ? "window" : "words",
			  bar->used[i].start, bar->used[i].size);
}

static void print_case(struct kunit *test, const struct layout_case *c)
{
	const struct pci_ep_db_request *req = &c->req;
	unsigned int i;

	kunit_err(test, "  controller: align %llu windows %u dynamic %d subrange %d\n",
		  c->ctrl.align, c->ctrl.windows, c->ctrl.dynamic,
		  c->ctrl.subrange);
	for (i = 0; i < PCI_STD_NUM_BARS; i++)
		print_bar(test, i, &c->ctrl.bar[i]);
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
		kunit_err(test, "  solver: BAR%d claim %d size %#llx windows %u window %#llx + %#llx base %#llx first %#x stride %u isolated %d, doorbell 0 at %#x\n",
			  l->bar, l->claim, l->size, l->windows, l->window,
			  l->window_size, (u64)l->base, l->first, l->stride,
			  l->isolated,
			  pci_ep_db_layout_offset(l, c->target, 0));
	if (!best->found)
		kunit_err(test, "  oracle: no place\n");
	else
		kunit_err(test, "  oracle: BAR%d size %#llx windows %u window %#llx + %#llx base %#llx isolated %d, doorbell 0 at %#llx\n",
			  best->bar, best->size, best->windows, best->window,
			  best->shown, best->reg, best->isolated, best->off[0]);
}

/*
 * What the cases were about: a case that is never drawn tests nothing
 */

enum feature {
	PART_ASKED,
	PART_FOUND,
	SHARED_ASKED,
	SHARED_FOUND,
	BAR_REPLACED,
	BAR_CLAIMED,
	PART_0_WINDOWS,
	PART_1_WINDOW,
	PART_2_WINDOWS,
	PART_NAMED,
	PART_WIDE,
	PART_ALIGNED,
	PART_ISOLATED,
	PART_RATHER,
	PART_LAST,
	PART_OF_LENT,
	PART_ODD_LENT,
	PART_BY_WINDOW,
	PART_BY_WORDS,
	PART_BY_MOST,
	WORDS_OF_LENT,
	WORDS_BY_WINDOW,
	WORDS_BY_WORDS,
	WORDS_BY_MOST,
	NAMED_NOT_LENT,
	NAMED_BY_WINDOW,
	NAMED_ON_WORDS,
	NAMED_AROUND,
	NAMED_HIDDEN,
	NR_FEATURES
};

static const char * const feature_names[] = {
	[PART_ASKED]		= "a part of a BAR may become a window",
	[PART_FOUND]		= "  it does",
	[SHARED_ASKED]		= "words in a BAR that other sets use",
	[SHARED_FOUND]		= "  there are some",
	[BAR_REPLACED]		= "window: the whole of a lent BAR",
	[BAR_CLAIMED]		= "window: a BAR that was free",
	[PART_0_WINDOWS]	= "part: takes no window more",
	[PART_1_WINDOW]		= "part: takes 1 window more",
	[PART_2_WINDOWS]	= "part: takes 2 windows more",
	[PART_NAMED]		= "part: offset is named",
	[PART_WIDE]		= "part: of several granules",
	[PART_ALIGNED]		= "part: doorbells aligned to more than that",
	[PART_ISOLATED]		= "part: isolated",
	[PART_RATHER]		= "part: all of the BAR could be taken",
	[PART_LAST]		= "part: at the end of the address space",
	[PART_OF_LENT]		= "part: not all of the BAR is lent",
	[PART_ODD_LENT]		= "part: an edge of what is lent is in a granule",
	[PART_BY_WINDOW]	= "part: besides windows",
	[PART_BY_WORDS]		= "part: besides words",
	[PART_BY_MOST]		= "part: besides as many sets as there can be",
	[WORDS_OF_LENT]		= "words: not all of the BAR is lent",
	[WORDS_BY_WINDOW]	= "words: besides windows",
	[WORDS_BY_WORDS]	= "words: besides words",
	[WORDS_BY_MOST]		= "words: besides as many sets as there can be",
	[NAMED_NOT_LENT]	= "named words: not in what is lent",
	[NAMED_BY_WINDOW]	= "named words: besides windows",
	[NAMED_ON_WORDS]	= "named words: another set's, or among them",
	[NAMED_AROUND]		= "named words: around a window",
	[NAMED_HIDDEN]		= "named words: a window hides one",
};

/* Every feature comes up as often as that, whatever the seed */
#define MIN_SEEN	20

static bool used_by(const struct pci_ep_db_layout_bar *bar, bool window)
{
	unsigned int i;

	for (i = 0; i < bar->nr_used; i++)
		if (bar->used[i].window == window)
			return true;
	return false;
}

/* Do others use anything from the first word to the last? */
static bool used_among(const struct layout_case *c,
		       const struct pci_ep_db_layout_bar *bar, const u64 *off,
		       bool window)
{
	u64 size = off[c->count - 1] + 4 - off[0];
	unsigned int i;

	for (i = 0; i < bar->nr_used; i++)
		if (bar->used[i].window == window &&
		    overlap(off[0], size, bar->used[i].start,
			    bar->used[i].size))
			return true;
	return false;
}

static void count_questions(const struct layout_case *c,
			    const struct place *best, unsigned int *seen)
{
	const struct pci_ep_db_layout_bar *bar = c->ctrl.bar;
	bool part = false, shared = false;
	struct place p = { };
	int i;

	for (i = 0; i < PCI_STD_NUM_BARS; i++, bar++) {
		if (!usable(c, i))
			continue;
		part |= c->form == PCI_EP_DB_FORM_BUS && divisible(c, bar) &&
			bar->state == PCI_EP_DB_BAR_LENT;
		shared |= bar->nr_used && c->form == PCI_EP_DB_FORM_MEMORY;
		p.size = bar->max_size;
		seen[NAMED_HIDDEN] += shared && !best->found &&
				      c->req.offset != PCI_EP_DB_ANY_OFFSET &&
				      words_fit(c, c->req.offset, &p);
	}
	bar = &c->ctrl.bar[best->bar];
	seen[PART_ASKED] += part;
	seen[PART_FOUND] += part && best->found && best->shown < best->size;
	seen[SHARED_ASKED] += shared;
	seen[SHARED_FOUND] += shared && best->found && bar->nr_used;
}

static void count_window(const struct layout_case *c, const struct place *p,
			 unsigned int *seen)
{
	const struct pci_ep_db_layout_bar *bar = &c->ctrl.bar[p->bar];
	u64 in_granule = c->ctrl.align - 1;

	if (p->shown == p->size) {
		seen[bar->state == PCI_EP_DB_BAR_FREE ? BAR_CLAIMED :
							BAR_REPLACED]++;
		return;
	}
	seen[PART_0_WINDOWS + p->windows]++;
	seen[PART_NAMED] += c->req.offset != PCI_EP_DB_ANY_OFFSET;
	seen[PART_WIDE] += p->shown > c->ctrl.align;
	seen[PART_ALIGNED] += c->req.align > c->ctrl.align;
	seen[PART_ISOLATED] += p->isolated;
	seen[PART_RATHER] += replaceable(bar);
	seen[PART_LAST] += !(dma_addr_t)(p->reg + p->shown);
	seen[PART_OF_LENT] += bar->lent_size < bar->min_size;
	seen[PART_ODD_LENT] += (bar->lent_start & in_granule) ||
			       ((bar->lent_start + bar->lent_size) & in_granule);
	seen[PART_BY_WINDOW] += used_by(bar, true);
	seen[PART_BY_WORDS] += used_by(bar, false);
	seen[PART_BY_MOST] += bar->nr_used == PCI_EP_DB_MAX_USED;
}

static void count_words(const struct layout_case *c, const struct place *p,
			unsigned int *seen)
{
	const struct pci_ep_db_layout_bar *bar = &c->ctrl.bar[p->bar];
	u64 last = p->off[c->count - 1];

	if (bar->state == PCI_EP_DB_BAR_FREE)
		return;
	if (c->req.offset == PCI_EP_DB_ANY_OFFSET) {
		seen[WORDS_OF_LENT] += bar->lent_size < bar->min_size;
		seen[WORDS_BY_WINDOW] += used_by(bar, true);
		seen[WORDS_BY_WORDS] += used_by(bar, false);
		seen[WORDS_BY_MOST] += bar->nr_used == PCI_EP_DB_MAX_USED;
		return;
	}
	seen[NAMED_NOT_LENT] += bar->state == PCI_EP_DB_BAR_LENT &&
				(p->off[0] < bar->lent_start ||
				 last >= bar->lent_start + bar->lent_size);
	seen[NAMED_BY_WINDOW] += used_by(bar, true);
	seen[NAMED_ON_WORDS] += used_among(c, bar, p->off, false);
	seen[NAMED_AROUND] += used_among(c, bar, p->off, true);
}

static void count_features(const struct layout_case *c,
			   const struct place *best, unsigned int *seen)
{
	count_questions(c, best, seen);
	if (!best->found)
		return;
	if (c->form == PCI_EP_DB_FORM_BUS)
		count_window(c, best, seen);
	else if (c->form == PCI_EP_DB_FORM_MEMORY)
		count_words(c, best, seen);
}

/*
 * Tests
 */

/* One case: 1 if there is a place, 0 if there is none, -1 on disagreement */
static int ask(struct kunit *test, struct layout_case *c, unsigned int n,
	       unsigned int *seen)
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
	if (!why) {
		count_features(c, &best, seen);
		return best.found;
	}

	KUNIT_FAIL(test, "case %u: %s", n, why);
	print_case(test, c);
	print_answers(test, c, &best, ret, &l);
	return -1;
}

static void print_counts(struct kunit *test, unsigned int (*found)[2],
			 const unsigned int *seen)
{
	unsigned int i;

	for (i = 0; i < 3; i++)
		kunit_info(test, "%s: a place in %u cases, none in %u\n",
			   form_names[i], found[i][1], found[i][0]);
	for (i = 0; i < NR_FEATURES; i++)
		kunit_info(test, "%s: %u\n", feature_names[i], seen[i]);
}

static void expect_shares(struct kunit *test, unsigned int (*found)[2],
			  const unsigned int *seen)
{
	unsigned int i;

	KUNIT_EXPECT_GE(test, found[0][1] + found[1][1] + found[2][1],
			CASES / 5);
	KUNIT_EXPECT_GE(test, found[0][0] + found[1][0] + found[2][0],
			CASES / 5);
	KUNIT_EXPECT_GE(test, seen[PART_FOUND], seen[PART_ASKED] / 10);
	KUNIT_EXPECT_GE(test, seen[SHARED_FOUND], seen[SHARED_ASKED] / 10);
	for (i = 0; i < NR_FEATURES; i++)
		KUNIT_EXPECT_GE_MSG(test, seen[i], MIN_SEEN, "%s",
				    feature_names[i]);
}

static void layout_oracle_test(struct kunit *test)
{
	unsigned int n, reports = 0, found[3][2] = {}, seen[NR_FEATURES] = {};
	u64 from = seed ?: get_random_u64();
	ktime_t start = ktime_get();
	struct layout_case *c;
	int ret;

	kunit_info(test, "pci_ep_doorbell_layout_kunit.seed=%llu\n", from);
	c = kunit_kzalloc(test, sizeof(*c), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, c);
	c->rnd = from;
	for (n = 0; n < CASES && reports < MAX_REPORTS; n++) {
		draw_case(c);
		ret = ask(test, c, n, seen);
		if (ret < 0)
			reports++;
		else
			found[c->form][ret]++;
		cond_resched();
	}

	print_counts(test, found, seen);
	kunit_info(test, "%u cases, %lld ms\n", n,
		   ktime_ms_delta(ktime_get(), start));
	if (!reports)
		expect_shares(test, found, seen);
}

/**
 * struct known_case - a question whose answer is known
 * @name: which
 * @ctrl: the controller; a max_size of 0 means min_size, a lent_size of 0 all
 * @form: what the targets are
 * @req: the request; its count is that of the targets
 * @target: the first targets
 * @ret: what pci_ep_db_solve() says; the rest is of interest if this is 0
 * @bar: in which BAR
 * @size: bytes of that, 0 if nobody knows
 * @window: offset of the window
 * @window_size: bytes of the window; 0 means @size
 * @first: bytes from @window to the first doorbell
 * @last: bytes from @window to the last doorbell; 0 means @first
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
	u64				window;
	u64				window_size;
	u32				first;
	u32				last;
	unsigned int			windows;
	bool				isolated;
	bool				wide;
};

#define KNOWN_BAR(_state, _min, _max)					\
	{ .state = PCI_EP_DB_BAR_##_state, .min_size = (_min), .max_size = (_max) }

/* What besides state and size is of interest of a BAR that holds memory */
#define KNOWN_SET_BAR(_state, _size, _memory, _start, _lent, ...)	\
	{ .state = PCI_EP_DB_BAR_##_state, .min_size = (_size),		\
	  .memory = (_memory), .lent_start = (_start),			\
	  .lent_size = (_lent), __VA_ARGS__ }

#define WINDOW(_start, _size)	{ .start = (_start), .size = (_size), .window = true }
#define WORDS(_start, _size)	{ .start = (_start), .size = (_size) }
#define USED(...)							\
	.nr_used = sizeof((struct pci_ep_db_layout_used[]){ __VA_ARGS__ }) / \
		   sizeof(struct pci_ep_db_layout_used),		\
	.used = { __VA_ARGS__ }

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

/* A controller that can map parts of its BARs */
#define DIVIDES(_windows, ...)						\
	.ctrl = { .align = SZ_4K, .windows = (_windows), .dynamic = true, \
		  .subrange = true, .bar = { __VA_ARGS__ } }

/* 64 KiB of it, of which a part is lent */
#define LENT_64K(_start, _size, ...)					\
	[BAR_2] = KNOWN_SET_BAR(LENT, SZ_64K, 0x90000000, _start, _size, \
				__VA_ARGS__)
#define LENDS(_windows, _start, _size, ...)				\
	DIVIDES(_windows, LENT_64K(_start, _size, __VA_ARGS__))

/* R-Car S4: the register of the eDMA, as if it were alone in its 4 KiB */
#define EDMA		((dma_addr_t)0xe65d5000)
#define TARGET(_addr, _clear_base, _clear_size)				\
	{ .addr = (_addr), .clear_base = (_clear_base), .clear_size = (_clear_size) }
#define EDMA_AT(_offset)	TARGET(EDMA + (_offset), EDMA, SZ_4K)
#define REACHES(_req, ...)						\
	.form = PCI_EP_DB_FORM_BUS, .req = { _req }, .target = { __VA_ARGS__ }
#define REACHES_EDMA	REACHES(KNOWN_ANY(1), EDMA_AT(0xa0))
#define NAMED_EDMA(_offset)						\
	REACHES(KNOWN_REQ(1, BAR_2, _offset, 0), EDMA_AT(0xa0))

/* Windows of one granule, and of two */
#define PART(_window, _windows)						\
	.bar = BAR_2, .size = SZ_64K, .window = (_window),		\
	.window_size = SZ_4K, .first = 0xa0, .windows = (_windows),	\
	.isolated = true
#define WIDE_PART(_window, _windows, _first, _last)			\
	.bar = BAR_2, .size = SZ_64K, .window = (_window),		\
	.window_size = SZ_8K, .first = (_first), .last = (_last),	\
	.windows = (_windows)
#define NO_PLACE	.ret = -ENOSPC

/* A controller that can do nothing, and words in 64 KiB of memory */
#define MEMORY_64K(_state, _start, _size, ...)				\
	.ctrl = { .align = SZ_4K, .bar = {				\
		[BAR_2] = KNOWN_SET_BAR(_state, SZ_64K, 0x90000000, _start, \
					_size, __VA_ARGS__) } }
#define ASKS_WORDS(_count, _offset, _stride)				\
	.form = PCI_EP_DB_FORM_MEMORY,					\
	.req = { KNOWN_REQ(_count, BAR_2, _offset, _stride) }
#define ASKS_ANY(_count)	ASKS_WORDS(_count, PCI_EP_DB_ANY_OFFSET, 4)
#define WORDS_AT(_first, _last)						\
	.bar = BAR_2, .size = SZ_64K, .first = (_first), .last = (_last), \
	.isolated = true

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

	/* All of a BAR that is lent */
	{ "all: 64K lent", LENDS(0, 0, SZ_64K), REACHES_EDMA, .bar = BAR_2,
	  .size = SZ_64K, .first = 0x50a0 },
	{ "all: the last byte is not lent", LENDS(0, 0, SZ_64K - 1),
	  REACHES_EDMA, NO_PLACE },
	{ "all: the first byte is not lent", LENDS(0, 1, SZ_64K - 1),
	  REACHES_EDMA, NO_PLACE },
	{ "all: another set has a word",
	  LENDS(0, 0, SZ_64K, USED(WORDS(SZ_64K - 4, 4))), REACHES_EDMA,
	  NO_PLACE },
	{ "all: another set has it",
	  LENDS(9, 0, SZ_64K, USED(WINDOW(0, SZ_64K))), REACHES_EDMA,
	  NO_PLACE },
	{ "all: at an offset that no part could be at",
	  LENDS(9, 0, SZ_64K), NAMED_EDMA(0x50a0), .bar = BAR_2,
	  .size = SZ_64K, .first = 0x50a0 },

	/* What must be so that a part can be mapped */
	{ "part: in the middle", LENDS(2, 0x3000, SZ_4K), REACHES_EDMA,
	  PART(0x3000, 2) },
	{ "part: the controller maps no parts",
	  .ctrl = { .align = SZ_4K, .windows = 2, .dynamic = true,
		    .bar = { LENT_64K(0x3000, SZ_4K) } },
	  REACHES_EDMA, NO_PLACE },
	{ "part: the controller maps nothing again",
	  .ctrl = { .align = SZ_4K, .windows = 2, .subrange = true,
		    .bar = { LENT_64K(0x3000, SZ_4K) } },
	  REACHES_EDMA, NO_PLACE },
	{ "part: the controller has no alignment",
	  .ctrl = { .windows = 2, .dynamic = true, .subrange = true,
		    .bar = { LENT_64K(0x3000, SZ_4K) } },
	  REACHES_EDMA, NO_PLACE },
	{ "part: the memory is not aligned",
	  DIVIDES(2, [BAR_2] = KNOWN_SET_BAR(LENT, SZ_64K, 0x90000800, 0x3000,
					     SZ_4K)),
	  REACHES_EDMA, NO_PLACE },
	{ "part: the memory is just aligned",
	  DIVIDES(2, [BAR_2] = KNOWN_SET_BAR(LENT, SZ_64K, 0x90001000, 0x3000,
					     SZ_4K)),
	  REACHES_EDMA, PART(0x3000, 2) },
	{ "part: the BAR is smaller than a granule",
	  DIVIDES(2, [BAR_2] = KNOWN_SET_BAR(LENT, SZ_2K, 0x90000000, 0,
					     SZ_1K)),
	  REACHES_EDMA, NO_PLACE },
	{ "part: the BAR is a granule, not all of it lent",
	  DIVIDES(2, [BAR_2] = KNOWN_SET_BAR(LENT, SZ_4K, 0x90000000, 0,
					     SZ_2K)),
	  REACHES_EDMA, NO_PLACE },
	{ "part: the BAR is a granule, all of it lent",
	  DIVIDES(2, [BAR_2] = KNOWN_SET_BAR(LENT, SZ_4K, 0x90000000, 0,
					     SZ_4K)),
	  REACHES_EDMA, .bar = BAR_2, .size = SZ_4K, .first = 0xa0,
	  .isolated = true },
	{ "part: the BAR is two granules, one of them lent",
	  DIVIDES(2, [BAR_2] = KNOWN_SET_BAR(LENT, SZ_8K, 0x90000000, SZ_4K,
					     SZ_4K)),
	  REACHES_EDMA, .bar = BAR_2, .size = SZ_8K, .window = SZ_4K,
	  .window_size = SZ_4K, .first = 0xa0, .windows = 1,
	  .isolated = true },
	{ "part: not of memory that is not lent",
	  DIVIDES(2, [BAR_2] = KNOWN_SET_BAR(MEMORY, SZ_64K, 0x90000000, 0,
					     SZ_64K)),
	  NAMED_EDMA(0x30a0), NO_PLACE },
	{ "part: not of what the hardware shows",
	  DIVIDES(2, [BAR_2] = KNOWN_SET_BAR(RESERVED, SZ_64K, 0x90000000, 0,
					     SZ_64K)),
	  NAMED_EDMA(0x30a0), NO_PLACE },
	{ "part: not of what is taken",
	  DIVIDES(2, [BAR_2] = KNOWN_SET_BAR(NONE, SZ_64K, 0x90000000, 0,
					     SZ_64K)),
	  NAMED_EDMA(0x30a0), NO_PLACE },

	/* What is lent */
	{ "part: one byte of the end is not lent", LENDS(2, 0x3000, 0xfff),
	  REACHES_EDMA, NO_PLACE },
	{ "part: one byte of the start is not lent", LENDS(2, 0x3001, 0xfff),
	  REACHES_EDMA, NO_PLACE },
	{ "part: two granules lack a byte each", LENDS(2, 0x3001, 0x1ffe),
	  REACHES_EDMA, NO_PLACE },
	{ "part: the first whole granule", LENDS(2, 0x3001, 0x1fff),
	  REACHES_EDMA, PART(0x4000, 2) },
	{ "part: the only whole granule", LENDS(2, 0x3001, 0x2ffe),
	  REACHES_EDMA, PART(0x4000, 2) },

	/* Windows that are left */
	{ "part: two windows for the middle", LENDS(1, 0x3000, SZ_4K),
	  REACHES_EDMA, NO_PLACE },
	{ "part: one window for the start", LENDS(1, 0, SZ_4K), REACHES_EDMA,
	  PART(0, 1) },
	{ "part: no window for the start", LENDS(0, 0, SZ_4K), REACHES_EDMA,
	  NO_PLACE },
	{ "part: one window for the end", LENDS(1, 0xf000, SZ_4K),
	  REACHES_EDMA, PART(0xf000, 1) },
	{ "part: no window for the end", LENDS(0, 0xf000, SZ_4K), REACHES_EDMA,
	  NO_PLACE },

	{ "part: the lowest, though the end takes fewer windows",
	  LENDS(2, SZ_4K, 0xf000), REACHES_EDMA, PART(0x1000, 2) },
	{ "part: the lowest, though there are windows for the end only",
	  LENDS(1, SZ_4K, 0xf000), REACHES_EDMA, NO_PLACE },
	{ "part: the lowest, though the end takes no window",
	  LENDS(0, 0, SZ_64K, USED(WINDOW(0x3000, 0xc000))), REACHES_EDMA,
	  NO_PLACE },
	{ "part: the end, where it is named",
	  LENDS(0, 0, SZ_64K, USED(WINDOW(0x3000, 0xc000))),
	  NAMED_EDMA(0xf0a0), PART(0xf000, 0) },

	/* Besides windows of other sets */
	{ "part: behind a window",
	  LENDS(1, 0, SZ_64K, USED(WINDOW(0, SZ_4K))), REACHES_EDMA,
	  PART(0x1000, 1) },
	{ "part: behind two windows",
	  LENDS(1, 0, SZ_64K, USED(WINDOW(0, SZ_4K), WINDOW(0x1000, SZ_8K))),
	  REACHES_EDMA, PART(0x3000, 1) },
	{ "part: before a window, no window more",
	  LENDS(0, 0, SZ_64K, USED(WINDOW(0x1000, SZ_4K))), REACHES_EDMA,
	  PART(0, 0) },
	{ "part: between windows, no window more",
	  LENDS(0, 0, SZ_64K, USED(WINDOW(0, SZ_4K), WINDOW(0x2000, SZ_4K))),
	  REACHES_EDMA, PART(0x1000, 0) },
	{ "part: behind windows, no window more",
	  LENDS(0, 0, SZ_64K, USED(WINDOW(0, 0xf000))), REACHES_EDMA,
	  PART(0xf000, 0) },
	{ "part: in front of a window, one more",
	  LENDS(1, 0x3000, SZ_4K, USED(WINDOW(0x4000, SZ_4K))), REACHES_EDMA,
	  PART(0x3000, 1) },
	{ "part: in front of a window, no window for it",
	  LENDS(0, 0x3000, SZ_4K, USED(WINDOW(0x4000, SZ_4K))), REACHES_EDMA,
	  NO_PLACE },
	{ "part: away from a window, two more",
	  LENDS(2, 0x3000, SZ_4K, USED(WINDOW(0x1000, SZ_4K))), REACHES_EDMA,
	  PART(0x3000, 2) },
	{ "part: away from a window, only one for it",
	  LENDS(1, 0x3000, SZ_4K, USED(WINDOW(0x1000, SZ_4K))), REACHES_EDMA,
	  NO_PLACE },
	{ "part: all that is lent is a window",
	  LENDS(2, 0x3000, SZ_4K, USED(WINDOW(0x3000, SZ_4K))), REACHES_EDMA,
	  NO_PLACE },
	{ "part: eight other sets",
	  LENDS(2, 0, SZ_64K, USED(WINDOW(0, SZ_4K), WINDOW(0x1000, SZ_4K),
				   WINDOW(0x2000, SZ_4K), WINDOW(0x3000, SZ_4K),
				   WINDOW(0x4000, SZ_4K), WINDOW(0x5000, SZ_4K),
				   WINDOW(0x6000, SZ_4K), WINDOW(0x7000, SZ_4K))),
	  REACHES_EDMA, PART(0x8000, 1) },
	{ "part: eight other sets leave nothing",
	  LENDS(2, 0, SZ_32K, USED(WINDOW(0, SZ_4K), WINDOW(0x1000, SZ_4K),
				   WINDOW(0x2000, SZ_4K), WINDOW(0x3000, SZ_4K),
				   WINDOW(0x4000, SZ_4K), WINDOW(0x5000, SZ_4K),
				   WINDOW(0x6000, SZ_4K), WINDOW(0x7000, SZ_4K))),
	  REACHES_EDMA, NO_PLACE },

	/* Besides words of other sets */
	{ "part: behind the last word of a granule",
	  LENDS(2, 0, SZ_8K, USED(WORDS(0xffc, 4))), REACHES_EDMA,
	  PART(0x1000, 2) },
	{ "part: before the first word of a granule",
	  LENDS(1, 0, SZ_8K, USED(WORDS(0x1000, 4))), REACHES_EDMA,
	  PART(0, 1) },
	{ "part: words in both granules",
	  LENDS(2, 0, SZ_8K, USED(WORDS(0xffc, 8))), REACHES_EDMA, NO_PLACE },
	{ "part: words of two sets",
	  LENDS(2, 0, 0x3000, USED(WORDS(0x10, 4), WORDS(0x1ff8, 8))),
	  REACHES_EDMA, PART(0x2000, 2) },
	{ "part: words that begin early end late",
	  LENDS(2, 0, 0x4000, USED(WORDS(0x10, 0x2000), WORDS(0x20, 8))),
	  REACHES_EDMA, PART(0x3000, 2) },
	{ "part: words that are not lent",
	  LENDS(2, 0x3000, SZ_4K, USED(WORDS(0x2ffc, 4), WORDS(0x4000, 4))),
	  REACHES_EDMA, PART(0x3000, 2) },

	/* How large it is */
	{ "part: up to the end of a granule", LENDS(1, 0, SZ_8K),
	  REACHES(KNOWN_ANY(2), EDMA_AT(0xa0), EDMA_AT(0xffc)),
	  PART(0, 1), .last = 0xffc },
	{ "part: into the next granule", LENDS(1, 0, SZ_8K),
	  REACHES(KNOWN_ANY(2), EDMA_AT(0xa0), EDMA_AT(0x1000)),
	  WIDE_PART(0, 1, 0xa0, 0x1000) },
	{ "part: from the granule before", LENDS(2, SZ_4K, SZ_8K),
	  REACHES(KNOWN_ANY(2), EDMA_AT(0), EDMA_AT(-4)),
	  WIDE_PART(0x1000, 2, 0x1000, 0xffc) },
	{ "part: only one of two granules is lent", LENDS(2, SZ_4K, SZ_8K - 1),
	  REACHES(KNOWN_ANY(2), EDMA_AT(0), EDMA_AT(-4)), NO_PLACE },
	{ "part: a gap of one granule is passed by",
	  LENDS(1, 0, SZ_64K, USED(WINDOW(0x1000, SZ_4K))),
	  REACHES(KNOWN_ANY(2), EDMA_AT(0xa0), EDMA_AT(0x1000)),
	  WIDE_PART(0x2000, 1, 0xa0, 0x1000) },
	{ "part: as large as the BAR, not at a multiple of that",
	  DIVIDES(9, [BAR_2] = KNOWN_SET_BAR(LENT, SZ_8K, 0x90000000, 0,
					     SZ_8K)),
	  REACHES(KNOWN_ANY(2), EDMA_AT(0xa0), EDMA_AT(0x1000)), NO_PLACE },
	{ "part: as large as the BAR, at a multiple of that",
	  DIVIDES(0, [BAR_2] = KNOWN_SET_BAR(LENT, SZ_8K, 0x90000000, 0,
					     SZ_8K)),
	  REACHES(KNOWN_ANY(2), EDMA_AT(-4), EDMA_AT(0)), .bar = BAR_2,
	  .size = SZ_8K, .first = 0xffc, .last = 0x1000 },
	{ "part: larger than the BAR", LENDS(9, 0, SZ_64K),
	  REACHES(KNOWN_ANY(2), EDMA_AT(0), EDMA_AT(SZ_64K)), NO_PLACE },
	{ "part: the end of the address space", LENDS(1, 0, SZ_4K),
	  REACHES(KNOWN_ANY(1),
		  TARGET((dma_addr_t)-4, (dma_addr_t)-SZ_4K, SZ_4K)),
	  .bar = BAR_2, .size = SZ_64K, .window_size = SZ_4K, .first = 0xffc,
	  .windows = 1, .isolated = true },
	{ "part: not all of a word", LENDS(1, 0, SZ_4K),
	  REACHES(KNOWN_ANY(1), EDMA_AT(0xa2)), NO_PLACE },

	/* Where the request wants it */
	{ "part: at the offset that is named", LENDS(2, 0, SZ_64K),
	  NAMED_EDMA(0x20a0), PART(0x2000, 2) },
	{ "part: not at any offset", LENDS(2, 0, SZ_64K), NAMED_EDMA(0x20a4),
	  NO_PLACE },
	{ "part: named before what is lent", LENDS(2, 0x2000, SZ_4K),
	  NAMED_EDMA(0x10a0), NO_PLACE },
	{ "part: named in what is lent", LENDS(2, 0x2000, SZ_4K),
	  NAMED_EDMA(0x20a0), PART(0x2000, 2) },
	{ "part: named behind what is lent", LENDS(2, 0x2000, SZ_4K),
	  NAMED_EDMA(0x30a0), NO_PLACE },
	{ "part: named in another set's window",
	  LENDS(2, 0, SZ_64K, USED(WINDOW(0x2000, SZ_4K))), NAMED_EDMA(0x20a0),
	  NO_PLACE },
	{ "part: named on another set's word",
	  LENDS(2, 0, SZ_64K, USED(WORDS(0x2ffc, 4))), NAMED_EDMA(0x20a0),
	  NO_PLACE },
	{ "part: named besides another set's words",
	  LENDS(2, 0, SZ_64K, USED(WORDS(0x1ffc, 4), WORDS(0x3000, 4))),
	  NAMED_EDMA(0x20a0), PART(0x2000, 2) },
	{ "part: the first target is not the lowest", LENDS(2, 0, SZ_64K),
	  REACHES(KNOWN_REQ(2, BAR_2, 0x30a0, 0), EDMA_AT(0x10a0),
		  EDMA_AT(0xa0)),
	  WIDE_PART(0x2000, 2, 0x10a0, 0xa0) },
	{ "part: all targets just in the BAR", LENDS(2, 0, SZ_64K),
	  REACHES(KNOWN_REQ(2, BAR_2, 0x10a0, 0), EDMA_AT(0x10a0),
		  EDMA_AT(0xa0)),
	  WIDE_PART(0, 1, 0x10a0, 0xa0) },
	{ "part: a target before the BAR", LENDS(2, 0, SZ_64K),
	  REACHES(KNOWN_REQ(2, BAR_2, 0xa0, 0), EDMA_AT(0x10a0),
		  EDMA_AT(0xa0)), NO_PLACE },
	{ "part: a target at the end of the BAR", LENDS(2, 0, SZ_64K),
	  REACHES(KNOWN_REQ(2, BAR_2, 0xe0a0, 0), EDMA_AT(0xa0),
		  EDMA_AT(0x10a0)),
	  WIDE_PART(0xe000, 1, 0xa0, 0x10a0) },
	{ "part: a target behind the BAR", LENDS(2, 0, SZ_64K),
	  REACHES(KNOWN_REQ(2, BAR_2, 0xf0a0, 0), EDMA_AT(0xa0),
		  EDMA_AT(0x10a0)), NO_PLACE },
	{ "part: aligned to a granule", LENDS(2, SZ_4K, SZ_8K),
	  REACHES(KNOWN_ANY(1), EDMA_AT(0)), .req.align = SZ_4K,
	  .bar = BAR_2, .size = SZ_64K, .window = 0x1000,
	  .window_size = SZ_4K, .windows = 2, .isolated = true },
	{ "part: aligned to two granules", LENDS(2, SZ_4K, SZ_8K),
	  REACHES(KNOWN_ANY(1), EDMA_AT(0)), .req.align = SZ_8K,
	  .bar = BAR_2, .size = SZ_64K, .window = 0x2000,
	  .window_size = SZ_4K, .windows = 2, .isolated = true },
	{ "part: aligned to four granules", LENDS(2, SZ_4K, SZ_8K),
	  REACHES(KNOWN_ANY(1), EDMA_AT(0)), .req.align = SZ_16K, NO_PLACE },
	{ "part: a register aligned to 32 bytes", LENDS(2, SZ_4K, SZ_8K),
	  REACHES_EDMA, .req.align = 32, PART(0x1000, 2) },
	{ "part: no register aligned to 64 bytes", LENDS(2, SZ_4K, SZ_8K),
	  REACHES_EDMA, .req.align = 64, NO_PLACE },
	{ "part: registers in a row", LENDS(2, SZ_4K, SZ_8K),
	  REACHES(KNOWN_REQ(2, NO_BAR, PCI_EP_DB_ANY_OFFSET, 8),
		  EDMA_AT(0xa0), EDMA_AT(0xa8)),
	  PART(0x1000, 2), .last = 0xa8 },
	{ "part: registers not in that row", LENDS(2, SZ_4K, SZ_8K),
	  REACHES(KNOWN_REQ(2, NO_BAR, PCI_EP_DB_ANY_OFFSET, 4),
		  EDMA_AT(0xa0), EDMA_AT(0xa8)), NO_PLACE },
	{ "part: the last of the offsets",
	  DIVIDES(2, [BAR_2] = KNOWN_SET_BAR(LENT, SZ_8G, 0x90000000,
					     SZ_4G - SZ_4K, SZ_8K)),
	  REACHES_EDMA, .bar = BAR_2, .size = SZ_8G, .window = SZ_4G - SZ_4K,
	  .window_size = SZ_4K, .first = 0xa0, .windows = 2,
	  .isolated = true },
	{ "part: beyond the last of the offsets",
	  DIVIDES(2, [BAR_2] = KNOWN_SET_BAR(LENT, SZ_8G, 0x90000000, SZ_4G,
					     SZ_8K)),
	  REACHES_EDMA, NO_PLACE },
	{ "part: one of two beyond the last of the offsets",
	  DIVIDES(2, [BAR_2] = KNOWN_SET_BAR(LENT, SZ_8G, 0x90000000,
					     SZ_4G - SZ_4K, SZ_8K)),
	  REACHES(KNOWN_ANY(2), EDMA_AT(0xa0), EDMA_AT(0x1000)), NO_PLACE },

	/* What is preferred */
	{ "isolated: a part rather than all of it", LENDS(2, 0, SZ_64K),
	  REACHES_EDMA, .req.prefer = PCI_EP_DB_ISOLATED, PART(0, 1) },
	{ "isolated: only a part is", LENDS(2, 0, SZ_64K), REACHES_EDMA,
	  .req.require = PCI_EP_DB_ISOLATED, PART(0, 1) },
	{ "isolated: not even a part is", LENDS(2, 0, SZ_64K),
	  REACHES(KNOWN_ANY(1), TARGET(EDMA + 0xa0, EDMA, SZ_4K - 1)),
	  .req.require = PCI_EP_DB_ISOLATED, NO_PLACE },
	{ "isolated: all rather than a part that is not", LENDS(2, 0, SZ_64K),
	  REACHES(KNOWN_ANY(1), TARGET(EDMA + 0xa0, EDMA + 1, SZ_4K)),
	  .req.prefer = PCI_EP_DB_ISOLATED, .bar = BAR_2, .size = SZ_64K,
	  .first = 0x50a0 },
	{ "isolated: a part rather than all of another BAR",
	  DIVIDES(1, [BAR_1] = KNOWN_SET_BAR(LENT, SZ_32K, 0x90000800, 0,
					     SZ_32K),
		  LENT_64K(0, SZ_4K)),
	  REACHES_EDMA, .req.prefer = PCI_EP_DB_ISOLATED, PART(0, 1) },
	{ "windows: all of another BAR rather than a part",
	  DIVIDES(1, LENT_64K(0, SZ_4K),
		  [BAR_5] = KNOWN_BAR(LENT, SZ_1M, SZ_1M)),
	  REACHES_EDMA, .bar = BAR_5, .size = SZ_1M, .first = 0xd50a0 },
	{ "windows: a free BAR rather than the middle",
	  DIVIDES(2, LENT_64K(0x3000, SZ_4K),
		  [BAR_5] = KNOWN_BAR(FREE, SZ_64K, SZ_64K)),
	  REACHES_EDMA, .bar = BAR_5, .size = SZ_64K, .first = 0x50a0,
	  .windows = 1 },
	{ "windows: no window more rather than a free BAR",
	  DIVIDES(2, [BAR_1] = KNOWN_BAR(FREE, SZ_4K, SZ_4K),
		  LENT_64K(0, SZ_64K, USED(WINDOW(0x1000, SZ_4K)))),
	  REACHES_EDMA, PART(0, 0) },
	{ "size: a part rather than a larger free BAR",
	  DIVIDES(2, [BAR_1] = KNOWN_BAR(FREE, SZ_8K, SZ_8K),
		  LENT_64K(0, SZ_4K)),
	  REACHES_EDMA, PART(0, 1) },
	{ "size: a smaller free BAR rather than a part",
	  DIVIDES(2, LENT_64K(0, SZ_4K),
		  [BAR_5] = KNOWN_BAR(FREE, SZ_256, SZ_256)),
	  REACHES_EDMA, .bar = BAR_5, .size = SZ_256, .first = 0xa0,
	  .windows = 1, .isolated = true },
	{ "lowest: a free BAR as large as the part",
	  DIVIDES(2, [BAR_1] = KNOWN_BAR(FREE, SZ_4K, SZ_1M),
		  LENT_64K(0, SZ_4K)),
	  REACHES_EDMA, .bar = BAR_1, .size = SZ_4K, .first = 0xa0,
	  .windows = 1, .isolated = true },
	{ "lowest: a part as large as the free BAR",
	  DIVIDES(2, LENT_64K(0, SZ_4K),
		  [BAR_5] = KNOWN_BAR(FREE, SZ_4K, SZ_1M)),
	  REACHES_EDMA, PART(0, 1) },
	{ "lowest: parts of two BARs",
	  DIVIDES(2, LENT_64K(0, SZ_4K),
		  [BAR_3] = KNOWN_SET_BAR(LENT, SZ_8K, 0x80000000, 0, SZ_4K)),
	  REACHES_EDMA, PART(0, 1) },

	/* Words in memory of which a part is lent, and others have some */
	{ "words: the first", MEMORY_64K(LENT, 0x100, 0x100), ASKS_ANY(2),
	  WORDS_AT(0x100, 0x104) },
	{ "words: the first whole one", MEMORY_64K(LENT, 0x101, 0x100),
	  ASKS_ANY(2), WORDS_AT(0x104, 0x108) },
	{ "words: all that is lent", MEMORY_64K(LENT, 0x100, 8), ASKS_ANY(2),
	  WORDS_AT(0x100, 0x104) },
	{ "words: one byte is not lent", MEMORY_64K(LENT, 0x100, 7),
	  ASKS_ANY(2), NO_PLACE },
	{ "words: all whole ones", MEMORY_64K(LENT, 0x101, 11), ASKS_ANY(2),
	  WORDS_AT(0x104, 0x108) },
	{ "words: one byte of whole ones is not lent",
	  MEMORY_64K(LENT, 0x101, 10), ASKS_ANY(2), NO_PLACE },
	{ "words: aligned", MEMORY_64K(LENT, 0x101, 0x43),
	  ASKS_WORDS(1, PCI_EP_DB_ANY_OFFSET, 64), .req.align = 64,
	  WORDS_AT(0x140, 0) },
	{ "words: not aligned", MEMORY_64K(LENT, 0x101, 0x42),
	  ASKS_WORDS(1, PCI_EP_DB_ANY_OFFSET, 64), .req.align = 64,
	  NO_PLACE },
	{ "words: behind a set's",
	  MEMORY_64K(LENT, 0x100, 0x100, USED(WORDS(0x100, 8))), ASKS_ANY(2),
	  WORDS_AT(0x108, 0x10c) },
	{ "words: behind a set's that are not all lent",
	  MEMORY_64K(LENT, 0x100, 0x100, USED(WORDS(0xfc, 8))), ASKS_ANY(2),
	  WORDS_AT(0x104, 0x108) },
	{ "words: a set's are just not lent",
	  MEMORY_64K(LENT, 0x100, 8, USED(WORDS(0xfc, 4), WORDS(0x108, 4))),
	  ASKS_ANY(2), WORDS_AT(0x100, 0x104) },
	{ "words: between two sets'",
	  MEMORY_64K(LENT, 0x100, 0x100, USED(WORDS(0x100, 4),
					      WORDS(0x10c, 4))),
	  ASKS_ANY(2), WORDS_AT(0x104, 0x108) },
	{ "words: one too many between two sets'",
	  MEMORY_64K(LENT, 0x100, 0x100, USED(WORDS(0x100, 4),
					      WORDS(0x108, 4))),
	  ASKS_ANY(2), WORDS_AT(0x10c, 0x110) },
	{ "words: sets' that begin early end late",
	  MEMORY_64K(LENT, 0x100, 0x100, USED(WORDS(0x100, 0x40),
					      WORDS(0x104, 8))),
	  ASKS_ANY(1), WORDS_AT(0x140, 0) },
	{ "words: nothing between them is a set's",
	  MEMORY_64K(LENT, 0x100, 0x400, USED(WORDS(0x180, 4))),
	  ASKS_WORDS(2, PCI_EP_DB_ANY_OFFSET, 0x100), WORDS_AT(0x184, 0x284) },
	{ "words: behind a window",
	  MEMORY_64K(LENT, 0, SZ_64K, USED(WINDOW(0, SZ_4K))), ASKS_ANY(2),
	  WORDS_AT(0x1000, 0x1004) },
	{ "words: up to a window",
	  MEMORY_64K(LENT, 0xffc, 0x100, USED(WINDOW(0x1000, SZ_4K))),
	  ASKS_ANY(1), WORDS_AT(0xffc, 0) },
	{ "words: not into a window",
	  MEMORY_64K(LENT, 0xffc, 0x100, USED(WINDOW(0x1000, SZ_4K))),
	  ASKS_ANY(2), NO_PLACE },
	{ "words: eight other sets",
	  MEMORY_64K(LENT, 0x100, 0x24,
		     USED(WORDS(0x100, 4), WORDS(0x104, 4), WORDS(0x108, 4),
			  WORDS(0x10c, 4), WORDS(0x110, 4), WORDS(0x114, 4),
			  WORDS(0x118, 4), WORDS(0x11c, 4))),
	  ASKS_ANY(1), WORDS_AT(0x120, 0) },
	{ "words: eight other sets leave nothing",
	  MEMORY_64K(LENT, 0x100, 0x23,
		     USED(WORDS(0x100, 4), WORDS(0x104, 4), WORDS(0x108, 4),
			  WORDS(0x10c, 4), WORDS(0x110, 4), WORDS(0x114, 4),
			  WORDS(0x118, 4), WORDS(0x11c, 4))),
	  ASKS_ANY(1), NO_PLACE },
	{ "words: the last of the offsets",
	  .ctrl.bar[BAR_2] = KNOWN_SET_BAR(LENT, SZ_8G, 0x90000000, SZ_4G - 4,
					   8),
	  ASKS_ANY(1), .bar = BAR_2, .size = SZ_8G, .first = 0xfffffffc,
	  .isolated = true },
	{ "words: beyond the last of the offsets",
	  .ctrl.bar[BAR_2] = KNOWN_SET_BAR(LENT, SZ_8G, 0x90000000, SZ_4G - 4,
					   8),
	  ASKS_ANY(2), NO_PLACE },
	{ "words: lent rather than claimed",
	  DIVIDES(1, [BAR_1] = KNOWN_BAR(FREE, SZ_4K, SZ_4K),
		  LENT_64K(0x101, 0x100)),
	  .form = PCI_EP_DB_FORM_MEMORY, .req = { KNOWN_ANY(1) },
	  WORDS_AT(0x104, 0) },

	/* Words that the request names */
	{ "named: not lent", MEMORY_64K(LENT, 0x100, 4),
	  ASKS_WORDS(2, 0x800, 8), WORDS_AT(0x800, 0x808) },
	{ "named: before what is lent", MEMORY_64K(LENT, 0x100, 4),
	  ASKS_WORDS(1, 0xfc, 4), WORDS_AT(0xfc, 0) },
	{ "named: the last of the BAR", MEMORY_64K(LENT, 0x100, 4),
	  ASKS_WORDS(2, 0xfff8, 4), WORDS_AT(0xfff8, 0xfffc) },
	{ "named: one behind the BAR", MEMORY_64K(LENT, 0x100, 4),
	  ASKS_WORDS(2, 0xfffc, 4), NO_PLACE },
	{ "named: another set's",
	  MEMORY_64K(LENT, 0x100, 4, USED(WORDS(0x100, 8))),
	  ASKS_WORDS(2, 0x100, 4), WORDS_AT(0x100, 0x104) },
	{ "named: another set's, not lent",
	  MEMORY_64K(MEMORY, 0, 0, USED(WORDS(0x100, 8))),
	  ASKS_WORDS(2, 0x104, 4), WORDS_AT(0x104, 0x108) },
	{ "named: up to a window",
	  MEMORY_64K(LENT, 0, SZ_64K, USED(WINDOW(0x2000, SZ_4K))),
	  ASKS_WORDS(2, 0x1ff8, 4), WORDS_AT(0x1ff8, 0x1ffc) },
	{ "named: into a window",
	  MEMORY_64K(LENT, 0, SZ_64K, USED(WINDOW(0x2000, SZ_4K))),
	  ASKS_WORDS(2, 0x1ffc, 4), NO_PLACE },
	{ "named: the last of a window",
	  MEMORY_64K(LENT, 0, SZ_64K, USED(WINDOW(0x2000, SZ_4K))),
	  ASKS_WORDS(1, 0x2ffc, 4), NO_PLACE },
	{ "named: behind a window",
	  MEMORY_64K(LENT, 0, SZ_64K, USED(WINDOW(0x2000, SZ_4K))),
	  ASKS_WORDS(1, 0x3000, 4), WORDS_AT(0x3000, 0) },
	{ "named: around a window",
	  MEMORY_64K(LENT, 0, SZ_64K, USED(WINDOW(0x2000, SZ_4K))),
	  ASKS_WORDS(2, 0x1ffc, 0x1004), WORDS_AT(0x1ffc, 0x3000) },
	{ "named: not quite around a window",
	  MEMORY_64K(LENT, 0, SZ_64K, USED(WINDOW(0x2000, SZ_4K))),
	  ASKS_WORDS(2, 0x1ffc, 0x1000), NO_PLACE },
	{ "named: around a window in memory that is not lent",
	  MEMORY_64K(MEMORY, 0, 0, USED(WINDOW(0x2000, SZ_4K))),
	  ASKS_WORDS(2, 0x1ffc, 0x1004), WORDS_AT(0x1ffc, 0x3000) },
	{ "named: a window in memory that is not lent",
	  MEMORY_64K(MEMORY, 0, 0, USED(WINDOW(0x2000, SZ_4K))),
	  ASKS_WORDS(2, 0x1ffc, 4), NO_PLACE },
	{ "named: another set has all of the BAR",
	  MEMORY_64K(LENT, 0, SZ_64K, USED(WINDOW(0, SZ_64K))),
	  ASKS_WORDS(1, 0x100, 4), NO_PLACE },
	{ "named: not, in memory that is not lent",
	  MEMORY_64K(MEMORY, 0, SZ_64K), ASKS_ANY(1), NO_PLACE },
};

KUNIT_ARRAY_PARAM_DESC(known, known_cases, name);

static void expect_window(struct kunit *test, const struct known_case *k,
			  const struct pci_ep_db_layout *l)
{
	KUNIT_EXPECT_EQ(test, l->window, k->window);
	KUNIT_EXPECT_EQ(test, l->window_size, k->window_size ?: l->size);
	KUNIT_EXPECT_EQ(test, l->base + k->first, k->target[0].addr);
}

static void expect_known(struct kunit *test, const struct known_case *k,
			 const struct pci_ep_db_layout *l,
			 const struct pci_ep_db_target *target)
{
	unsigned int last = k->req.count - 1;

	KUNIT_EXPECT_EQ(test, (int)l->form, (int)k->form);
	KUNIT_EXPECT_EQ(test, (int)l->bar, (int)k->bar);
	if (k->size)
		KUNIT_EXPECT_EQ(test, l->size, k->size);
	KUNIT_EXPECT_EQ(test, l->windows, k->windows);
	KUNIT_EXPECT_EQ(test, l->claim,
			k->ctrl.bar[k->bar].state == PCI_EP_DB_BAR_FREE);
	KUNIT_EXPECT_EQ(test, l->isolated, k->isolated);
	KUNIT_EXPECT_EQ(test, pci_ep_db_layout_offset(l, target, 0),
			k->window + k->first);
	KUNIT_EXPECT_EQ(test, pci_ep_db_layout_offset(l, target, last),
			k->window + (k->last ?: k->first));
	if (k->form == PCI_EP_DB_FORM_BUS)
		expect_window(test, k, l);
}

static struct pci_ep_db_layout_ctrl *known_ctrl(struct kunit *test,
						const struct known_case *k)
{
	struct pci_ep_db_layout_ctrl *ctrl;
	struct pci_ep_db_layout_bar *bar;

	ctrl = kunit_kzalloc(test, sizeof(*ctrl), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, ctrl);
	*ctrl = k->ctrl;
	for (bar = ctrl->bar; bar < ctrl->bar + PCI_STD_NUM_BARS; bar++) {
		bar->max_size = bar->max_size ?: bar->min_size;
		bar->lent_size = bar->lent_size ?: bar->max_size;
	}
	return ctrl;
}

static void layout_known_test(struct kunit *test)
{
	const struct known_case *k = test->param_value;
	unsigned int i, count = k->req.count;
	struct pci_ep_db_layout_ctrl *ctrl;
	struct pci_ep_db_target *target;
	struct pci_ep_db_layout l;
	int ret;

	if (k->wide && sizeof(dma_addr_t) < sizeof(u64))
		kunit_skip(test, "bus addresses are narrower");

	ctrl = known_ctrl(test, k);
	target = kunit_kcalloc(test, count, sizeof(*target), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, target);
	for (i = 0; i < count && i < ARRAY_SIZE(k->target); i++)
		target[i] = k->target[i];

	KUNIT_ASSERT_EQ(test, pci_ep_db_check_request(&k->req), 0);
	memset(&l, 0xa5, sizeof(l));
	ret = pci_ep_db_solve(ctrl, &k->req, k->form, target, count, &l);
	KUNIT_ASSERT_EQ(test, ret, k->ret);
	if (!ret)
		expect_known(test, k, &l, target);
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
	{ "lends a part of no BAR", {}, SET(lend_size, 4), SET(lend_size, 0) },
	{ "lends a part of no BAR, from the start",
	  { SET(lend_size, SZ_4K) }, LEND(0), LEND(BIT(0)) },
	{ "lends nothing from an offset", { LEND(BIT(0)) },
	  SET(lend_offset, 4), SET(lend_offset, 0) },
	{ "lends nothing from a far offset",
	  { LEND(BIT(0)), SET(lend_offset, U32_MAX - 1) }, SET(lend_size, 0),
	  SET(lend_size, 1) },
	{ "an offset and no BAR lent", {}, SET(lend_offset, 1),
	  SET(lend_offset, 0) },
	{ "lends up to 4 GiB", { LEND(BIT(0)), SET(lend_offset, SZ_2G) },
	  SET(lend_size, SZ_2G), SET(lend_size, SZ_2G - 1) },
	{ "lends from byte 1 up to 4 GiB", { LEND(BIT(5)), SET(lend_offset, 1) },
	  SET(lend_size, U32_MAX), SET(lend_size, U32_MAX - 1) },
	{ "lends up to 4 GiB, from far",
	  { LEND(0x3f), SET(lend_size, 1) }, SET(lend_offset, U32_MAX),
	  SET(lend_offset, U32_MAX - 1) },
	{ "lends beyond 4 GiB", { LEND(BIT(0)), SET(lend_size, U32_MAX) },
	  SET(lend_offset, U32_MAX), SET(lend_offset, 0) },
	{ "latency below 10 us", {}, SET(latency_us, 9), SET(latency_us, 10) },
	{ "latency of 1 us", {}, SET(latency_us, 1), SET(latency_us, 0) },
	{ "latency above a second", {}, SET(latency_us, 1000001),
	  SET(latency_us, 1000000) },
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
