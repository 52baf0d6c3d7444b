// SPDX-License-Identifier: GPL-2.0
/*
 * PCI endpoint doorbells: where they can be
 *
 * The solver answers one question: can these targets appear at the BAR offsets
 * that a request asks for, on this controller? It is pure code, it does no I/O
 * and takes no lock. The same question always gets the same answer.
 *
 * A BAR has either one inbound window which covers all of it (BAR match mode).
 * The controller replaces the upper bits of a host address by those of the
 * window's target, so that the target must be a multiple of the BAR's size and
 * of the controller's alignment. Or it is cut into parts with a window each
 * (address match mode): doorbells in some, memory of the EPF in the others.
 * Everything is a multiple of the controller's alignment then.
 */

#include <linux/align.h>
#include <linux/bitops.h>
#include <linux/export.h>
#include <linux/log2.h>
#include <linux/math.h>
#include <linux/minmax.h>
#include <kunit/visibility.h>

#include "pci-ep-doorbell-layout.h"

static bool db_types_valid(const struct pci_ep_db_request *req)
{
	unsigned int i, seen = 0;

	if (req->num_types > PCI_EP_DB_NR_TYPES)
		return false;

	for (i = 0; i < req->num_types; i++) {
		if ((unsigned int)req->types[i] >= PCI_EP_DB_NR_TYPES ||
		    seen & BIT(req->types[i]))
			return false;
		seen |= BIT(req->types[i]);
	}

	return true;
}

/* The distance between two doorbells in memory */
static u32 db_stride(const struct pci_ep_db_request *req)
{
	return req->stride ?: max_t(u32, req->align, sizeof(u32));
}

static bool db_offset_valid(const struct pci_ep_db_request *req)
{
	u32 align = max_t(u32, req->align, sizeof(u32));
	u64 span = (u64)(req->count - 1) * db_stride(req) + sizeof(u32);

	if (req->align && !is_power_of_2(req->align))
		return false;
	if (req->stride && !IS_ALIGNED(req->stride, sizeof(u32)))
		return false;
	if (req->stride && req->count > 1 && !IS_ALIGNED(req->stride, align))
		return false;
	if (req->offset == PCI_EP_DB_ANY_OFFSET)
		return span <= U32_MAX;

	return IS_ALIGNED(req->offset, align) && req->offset + span <= U32_MAX;
}

static bool db_lend_valid(const struct pci_ep_db_request *req)
{
	if (req->lend & ~GENMASK(PCI_STD_NUM_BARS - 1, 0))
		return false;
	if (!req->lend_size)
		return !req->lend_offset;

	return req->lend && (u64)req->lend_offset + req->lend_size <= U32_MAX;
}

/**
 * pci_ep_db_check_request() - is this a request at all
 * @req: the request
 *
 * Finds what no backend and no controller could ever satisfy: contradictions,
 * values out of range, bits nobody knows.
 *
 * Context: any.
 * Return: 0 or -EINVAL.
 */
int pci_ep_db_check_request(const struct pci_ep_db_request *req)
{
	if (!req->handler || !req->name || !req->name[0] ||
	    (unsigned int)req->kind > PCI_EP_DB_MAILBOX)
		return -EINVAL;
	if (!req->count || req->count > PCI_EP_DB_MAX_COUNT ||
	    req->min_count > req->count)
		return -EINVAL;
	if ((req->require | req->prefer) & ~PCI_EP_DB_CAPS)
		return -EINVAL;
	if (req->latency_us && (req->latency_us < PCI_EP_DB_SLEEP_LEAST_US ||
				req->latency_us > PCI_EP_DB_SLEEP_MOST_US))
		return -EINVAL;
	if (req->bar < NO_BAR || req->bar >= PCI_STD_NUM_BARS)
		return -EINVAL;
	/* Words at an offset that the EPF names are words of a BAR it names. */
	if (req->offset != PCI_EP_DB_ANY_OFFSET && req->bar == NO_BAR)
		return -EINVAL;
	if (!db_types_valid(req) || !db_offset_valid(req) || !db_lend_valid(req))
		return -EINVAL;

	return 0;
}
EXPORT_SYMBOL_IF_KUNIT(pci_ep_db_check_request);

/**
 * pci_ep_db_layout_offset() - the offset of a doorbell in its BAR
 * @layout: from pci_ep_db_solve()
 * @target: the targets it was solved for
 * @index: which doorbell
 *
 * Return: bytes from the start of the BAR.
 */
u32 pci_ep_db_layout_offset(const struct pci_ep_db_layout *layout,
			    const struct pci_ep_db_target *target,
			    unsigned int index)
{
	switch (layout->form) {
	case PCI_EP_DB_FORM_BUS:
		return layout->window + (target[index].addr - layout->base);
	case PCI_EP_DB_FORM_BAR:
		return target[index].bar_offset;
	default:
		return layout->first + index * layout->stride;
	}
}
EXPORT_SYMBOL_IF_KUNIT(pci_ep_db_layout_offset);

/* Are the doorbells where the request wants them, and inside the BAR? */
static bool db_offsets_fit(const struct pci_ep_db_request *req,
			   const struct pci_ep_db_target *target,
			   unsigned int count,
			   const struct pci_ep_db_layout *layout)
{
	u32 align = max_t(u32, req->align, sizeof(u32));
	u32 first = pci_ep_db_layout_offset(layout, target, 0);
	unsigned int i;

	if (req->offset != PCI_EP_DB_ANY_OFFSET && first != req->offset)
		return false;

	for (i = 0; i < count; i++) {
		u32 offset = pci_ep_db_layout_offset(layout, target, i);

		if (!IS_ALIGNED(offset, align) ||
		    (u64)offset + sizeof(u32) > layout->size)
			return false;
		if (req->stride && offset != first + (u64)i * req->stride)
			return false;
	}

	return true;
}

/* Does a window that is the whole BAR reach every target? */
static bool db_window_covers(const struct pci_ep_db_target *target,
			     unsigned int count,
			     const struct pci_ep_db_layout *layout)
{
	/* Offsets of doorbells have 32 bits, BARs may be larger. */
	u64 reach = min_t(u64, layout->size, BIT_ULL(32));
	unsigned int i;

	for (i = 0; i < count; i++)
		if (target[i].addr < layout->base ||
		    target[i].addr - layout->base >= reach)
			return false;

	return true;
}

static bool db_window_isolated(const struct pci_ep_db_target *target,
			       unsigned int count,
			       const struct pci_ep_db_layout *layout)
{
	u64 size = layout->window_size;
	unsigned int i;

	for (i = 0; i < count; i++)
		if (layout->base < target[i].clear_base ||
		    size > target[i].clear_size ||
		    layout->base - target[i].clear_base >
		    target[i].clear_size - size)
			return false;

	return true;
}

/* How much the host gets to see of what is behind the doorbells */
static u64 db_exposure(const struct pci_ep_db_layout *layout)
{
	return layout->form == PCI_EP_DB_FORM_BUS ? layout->window_size :
						    layout->size;
}

/* Is @a to be preferred to @b? The order is total, so that choice is stable. */
static bool db_layout_better(const struct pci_ep_db_request *req,
			     const struct pci_ep_db_layout *a,
			     const struct pci_ep_db_layout *b)
{
	if (b->bar == NO_BAR)
		return true;
	if (a->isolated != b->isolated && req->prefer & PCI_EP_DB_ISOLATED)
		return a->isolated;
	if (a->windows != b->windows)
		return a->windows < b->windows;
	/* The less a window shows the better, wanted or not. */
	if (a->isolated != b->isolated)
		return a->isolated;
	if (db_exposure(a) != db_exposure(b))
		return db_exposure(a) < db_exposure(b);

	return a->bar < b->bar;
}

static void db_consider(const struct pci_ep_db_layout_ctrl *ctrl,
			const struct pci_ep_db_request *req,
			const struct pci_ep_db_target *target,
			unsigned int count,
			const struct pci_ep_db_layout *layout,
			struct pci_ep_db_layout *best)
{
	if (layout->windows > ctrl->windows)
		return;
	if (!layout->isolated && req->require & PCI_EP_DB_ISOLATED)
		return;
	if (!db_offsets_fit(req, target, count, layout))
		return;
	if (db_layout_better(req, layout, best))
		*best = *layout;
}

/* A BAR without anything of the EPF's: free, or lent as a whole */
static void db_try_whole(const struct pci_ep_db_layout_ctrl *ctrl,
			 const struct pci_ep_db_request *req,
			 const struct pci_ep_db_target *target,
			 unsigned int count, enum pci_barno bar,
			 struct pci_ep_db_layout *best)
{
	const struct pci_ep_db_layout_bar *b = &ctrl->bar[bar];
	struct pci_ep_db_layout layout = {
		.form = PCI_EP_DB_FORM_BUS,
		.bar = bar,
		.claim = b->state == PCI_EP_DB_BAR_FREE,
	};

	if (!layout.claim &&
	    (!ctrl->dynamic || b->lent_start || b->lent_size != b->min_size ||
	     b->nr_used))
		return;

	layout.windows = layout.claim;
	for (layout.size = b->min_size; layout.size && layout.size <= b->max_size;
	     layout.size <<= 1) {
		layout.window_size = layout.size;
		layout.base = round_down(target[0].addr,
					 max3(layout.size, ctrl->align, (u64)1));
		if (!db_window_covers(target, count, &layout))
			continue;
		layout.isolated = db_window_isolated(target, count, &layout);
		db_consider(ctrl, req, target, count, &layout, best);
	}
}

/*
 * The lowest multiple of @step where nobody uses @size bytes, not below @from
 * nor the part that is lent. It may be too high.
 */
static u64 db_find_room(const struct pci_ep_db_layout_bar *b, u64 from,
			u64 step, u64 size)
{
	u64 at = round_up(max(from, b->lent_start), step);
	unsigned int i;

	/* In ascending order of start: what is passed is never met again. */
	for (i = 0; i < b->nr_used; i++) {
		const struct pci_ep_db_layout_used *used = &b->used[i];
		u64 end = used->start + used->size;

		if (at + size > used->start && at < end)
			at = round_up(end, step);
	}

	return at;
}

static bool db_is_lent(const struct pci_ep_db_layout_bar *b, u64 at, u64 size)
{
	/* Offsets of doorbells have 32 bits, BARs may be larger. */
	u64 end = min_t(u64, b->lent_start + b->lent_size, BIT_ULL(32));

	return at >= b->lent_start && at < end && size <= end - at;
}

/* How many parts more the BAR has: what is left before and after the window */
static unsigned int db_count_parts(const struct pci_ep_db_layout_bar *b,
				   const struct pci_ep_db_layout *layout)
{
	u64 start = layout->window, end = start + layout->window_size;
	bool before = start, after = end != layout->size;
	unsigned int i;

	for (i = 0; i < b->nr_used; i++) {
		const struct pci_ep_db_layout_used *used = &b->used[i];

		if (used->window && used->start + used->size == start)
			before = false;
		if (used->window && used->start == end)
			after = false;
	}

	return before + after;
}

/* The smallest window that reaches all targets; false if none could be used */
static bool db_wrap_targets(const struct pci_ep_db_layout_ctrl *ctrl,
			    const struct pci_ep_db_target *target,
			    unsigned int count, struct pci_ep_db_layout *layout)
{
	const struct pci_ep_db_layout_bar *b = &ctrl->bar[layout->bar];
	dma_addr_t lowest = target[0].addr, highest = target[0].addr;
	unsigned int i;

	for (i = 1; i < count; i++) {
		lowest = min(lowest, target[i].addr);
		highest = max(highest, target[i].addr);
	}

	layout->base = round_down(lowest, ctrl->align);
	if (highest - layout->base >= b->lent_size)
		return false;
	layout->window_size = round_up((u64)(highest - layout->base) +
				       sizeof(u32), ctrl->align);
	layout->isolated = db_window_isolated(target, count, layout);

	/* In place of a whole BAR it would have to be in BAR match mode. */
	return layout->window_size < layout->size;
}

/* A part of a BAR that is lent, beside memory of the EPF and other sets */
static void db_try_subrange(const struct pci_ep_db_layout_ctrl *ctrl,
			    const struct pci_ep_db_request *req,
			    const struct pci_ep_db_target *target,
			    unsigned int count, enum pci_barno bar,
			    struct pci_ep_db_layout *best)
{
	const struct pci_ep_db_layout_bar *b = &ctrl->bar[bar];
	struct pci_ep_db_layout layout = {
		.form = PCI_EP_DB_FORM_BUS,
		.bar = bar,
		.size = b->min_size,
	};
	u64 unit = max_t(u32, req->align, sizeof(u32));
	u64 from = 0, first;

	if (!ctrl->subrange || !ctrl->dynamic || !ctrl->align ||
	    !IS_ALIGNED(b->min_size, ctrl->align) ||
	    !IS_ALIGNED(b->memory, ctrl->align))
		return;
	if (!db_wrap_targets(ctrl, target, count, &layout))
		return;

	first = target[0].addr - layout.base;
	if (req->offset != PCI_EP_DB_ANY_OFFSET) {
		if (req->offset < first)
			return;
		from = req->offset - first;
	}

	/*
	 * The lowest doorbell is in the first @align bytes of the window: where
	 * @unit is the larger of the two it is at the very start.
	 */
	layout.window = db_find_room(b, from, max(unit, ctrl->align),
				     layout.window_size);
	if (!db_is_lent(b, layout.window, layout.window_size))
		return;

	layout.windows = db_count_parts(b, &layout);
	db_consider(ctrl, req, target, count, &layout, best);
}

static void db_try_bus(const struct pci_ep_db_layout_ctrl *ctrl,
		       const struct pci_ep_db_request *req,
		       const struct pci_ep_db_target *target,
		       unsigned int count, enum pci_barno bar,
		       struct pci_ep_db_layout *best)
{
	enum pci_ep_db_bar_state state = ctrl->bar[bar].state;

	if (state == PCI_EP_DB_BAR_FREE || state == PCI_EP_DB_BAR_LENT)
		db_try_whole(ctrl, req, target, count, bar, best);
	if (state == PCI_EP_DB_BAR_LENT)
		db_try_subrange(ctrl, req, target, count, bar, best);
}

/* Does a window of another set take one of these words out of the memory? */
static bool db_words_hidden(const struct pci_ep_db_layout_bar *b,
			    unsigned int count,
			    const struct pci_ep_db_layout *layout)
{
	unsigned int i, n;

	for (n = 0; n < b->nr_used; n++) {
		const struct pci_ep_db_layout_used *used = &b->used[n];
		u64 end = used->start + used->size;

		for (i = 0; used->window && i < count; i++) {
			u64 word = layout->first + (u64)i * layout->stride;

			if (word + sizeof(u32) > used->start && word < end)
				return true;
		}
	}

	return false;
}

static bool db_place_words(const struct pci_ep_db_layout_bar *b,
			   const struct pci_ep_db_request *req,
			   unsigned int count, struct pci_ep_db_layout *layout)
{
	u64 span = (u64)(count - 1) * layout->stride + sizeof(u32);
	u32 unit = max_t(u32, req->align, sizeof(u32));
	u64 first;

	/* Words that the EPF names are where it says, whatever is lent. */
	if (req->offset != PCI_EP_DB_ANY_OFFSET) {
		layout->first = req->offset;
		return !db_words_hidden(b, count, layout);
	}
	if (b->state != PCI_EP_DB_BAR_LENT)
		return false;

	first = db_find_room(b, 0, unit, span);
	layout->first = first;

	return db_is_lent(b, first, span);
}

static void db_try_memory(const struct pci_ep_db_layout_ctrl *ctrl,
			  const struct pci_ep_db_request *req,
			  unsigned int count, enum pci_barno bar,
			  struct pci_ep_db_layout *best)
{
	const struct pci_ep_db_layout_bar *b = &ctrl->bar[bar];
	struct pci_ep_db_layout layout = {
		.form = PCI_EP_DB_FORM_MEMORY,
		.bar = bar,
		.claim = b->state == PCI_EP_DB_BAR_FREE,
		.size = b->min_size,
		.first = req->offset == PCI_EP_DB_ANY_OFFSET ? 0 : req->offset,
		.stride = db_stride(req),
		.isolated = true,
	};
	u64 end = layout.first + (u64)(count - 1) * layout.stride + sizeof(u32);

	if (b->state == PCI_EP_DB_BAR_RESERVED || b->state == PCI_EP_DB_BAR_NONE)
		return;

	if (layout.claim) {
		layout.size = max(b->min_size, BIT_ULL(fls64(end - 1)));
		layout.windows = 1;
		if (layout.size > b->max_size)
			return;
	} else if (!db_place_words(b, req, count, &layout)) {
		return;
	}

	db_consider(ctrl, req, NULL, count, &layout, best);
}

static void db_try_bar(const struct pci_ep_db_layout_ctrl *ctrl,
		       const struct pci_ep_db_request *req,
		       const struct pci_ep_db_target *target,
		       unsigned int count, enum pci_barno bar,
		       struct pci_ep_db_layout *best)
{
	const struct pci_ep_db_layout layout = {
		.form = PCI_EP_DB_FORM_BAR,
		.bar = bar,
		/* The hardware says where, and may not say how large it is. */
		.size = ctrl->bar[bar].min_size ?: BIT_ULL(32),
	};
	unsigned int i;

	if (ctrl->bar[bar].state != PCI_EP_DB_BAR_RESERVED)
		return;
	for (i = 0; i < count; i++)
		if (target[i].bar != bar)
			return;

	db_consider(ctrl, req, target, count, &layout, best);
}

/**
 * pci_ep_db_solve() - find the place for the doorbells of a set
 * @ctrl: what the controller can do and what is left of it
 * @req: what the EPF wants; pci_ep_db_check_request() found nothing wrong
 * @form: what the targets are
 * @target: the targets; may be NULL for PCI_EP_DB_FORM_MEMORY
 * @count: how many there are, at least 1
 * @layout: the answer
 *
 * Of the places that satisfy the request the one with the fewest windows is
 * taken, then the one that shows the host least, then the lowest BAR. In a part
 * of a BAR that is lent there is one place to choose from, the lowest one.
 *
 * Context: any.
 * Return: 0, or -ENOSPC if there is no place.
 */
int pci_ep_db_solve(const struct pci_ep_db_layout_ctrl *ctrl,
		    const struct pci_ep_db_request *req,
		    enum pci_ep_db_form form,
		    const struct pci_ep_db_target *target, unsigned int count,
		    struct pci_ep_db_layout *layout)
{
	enum pci_barno bar;

	layout->bar = NO_BAR;

	for (bar = BAR_0; bar < PCI_STD_NUM_BARS; bar++) {
		if (req->bar != NO_BAR && req->bar != bar)
			continue;

		switch (form) {
		case PCI_EP_DB_FORM_BUS:
			db_try_bus(ctrl, req, target, count, bar, layout);
			break;
		case PCI_EP_DB_FORM_BAR:
			db_try_bar(ctrl, req, target, count, bar, layout);
			break;
		case PCI_EP_DB_FORM_MEMORY:
			db_try_memory(ctrl, req, count, bar, layout);
			break;
		}
	}

	return layout->bar == NO_BAR ? -ENOSPC : 0;
}
EXPORT_SYMBOL_IF_KUNIT(pci_ep_db_solve);
