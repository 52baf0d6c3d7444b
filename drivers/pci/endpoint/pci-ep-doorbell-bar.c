// SPDX-License-Identifier: GPL-2.0
/*
 * PCI endpoint doorbells: BARs
 *
 * What a function's BARs hold, putting a set's doorbells into one of them, and
 * bringing back what was there before.
 *
 * A BAR that has doorbells is one object, which says what the BAR shows: windows
 * of its sets, and around them memory of the EPF. A set that comes, goes, or
 * loses its backend changes its own window and has the whole composed anew.
 */

#include <linux/align.h>
#include <linux/dma-mapping.h>
#include <linux/list.h>
#include <linux/lockdep.h>
#include <linux/pci-epc.h>
#include <linux/sizes.h>
#include <linux/slab.h>

#include "pci-ep-doorbell-internal.h"

/* The smallest memory BAR: PCIe r6.0, 7.5.1.2.1 */
#define DB_BAR_MIN_SIZE		128

/* A window for each set there can be; memory before, between and after them */
#define DB_MAX_PARTS		(2 * (PCI_EP_DB_MAX_USED + 1) + 1)

/**
 * struct db_mapping - what a BAR shows, as the controller's driver takes it
 * @bar: what is given to pci_epc_set_bar()
 * @part: the parts, if there is not one window for the whole BAR
 */
struct db_mapping {
	struct pci_epf_bar		bar;
	struct pci_epf_bar_submap	part[DB_MAX_PARTS];
};

/**
 * struct pci_ep_db_bar - a BAR that has doorbells
 * @node: entry in the list of all of them
 * @epf: the function
 * @barno: which BAR
 * @features: of the controller
 * @sets: whose doorbells they are, in ascending order of offset
 * @live: what the controller's driver has a pointer to, until the BAR is set
 *	again or cleared: memory of @epf, or in @mapping; NULL for nothing
 * @mapping: one may be live, the other one is free to compose the next
 */
struct pci_ep_db_bar {
	struct list_head			node;
	struct pci_epf				*epf;
	enum pci_barno				barno;
	const struct pci_epc_features		*features;
	struct list_head			sets;
	struct pci_epf_bar			*live;
	struct db_mapping			mapping[2];
};

/* Under the core's mutex */
static LIST_HEAD(db_bars);

static struct pci_ep_db_bar *db_bar_find(const struct pci_epf *epf,
					 enum pci_barno barno)
{
	struct pci_ep_db_bar *bar;

	list_for_each_entry(bar, &db_bars, node)
		if (bar->epf == epf && bar->barno == barno)
			return bar;

	return NULL;
}

/* Does the set have the BAR for itself? */
static bool db_has_all(const struct pci_ep_db_set_priv *set)
{
	const struct pci_ep_db_layout *layout = &set->layout;

	return layout->claim || (layout->form == PCI_EP_DB_FORM_BUS &&
				 layout->window_size == layout->size);
}

/* The part of its BAR that a set has */
static struct pci_ep_db_layout_used db_used(const struct pci_ep_db_set_priv *set)
{
	const struct pci_ep_db_layout *layout = &set->layout;

	if (layout->form == PCI_EP_DB_FORM_BUS)
		return (struct pci_ep_db_layout_used) {
			.start = layout->window,
			.size = layout->window_size,
			.window = true,
		};

	return (struct pci_ep_db_layout_used) {
		.start = layout->first,
		.size = (u64)(set->pub.count - 1) * layout->stride + sizeof(u32),
	};
}

/* Does the BAR hold the upper half of the address of the one before it? */
static bool db_bar_is_upper_half(const struct pci_epf *epf,
				 const struct pci_epc_features *features,
				 enum pci_barno bar)
{
	if (!(bar & 1))
		return false;

	return features->bar[bar - 1].only_64bit ||
	       (epf->bar[bar - 1].size &&
		epf->bar[bar - 1].flags & PCI_BASE_ADDRESS_MEM_TYPE_64);
}

static void db_describe_free_bar(const struct pci_epc_bar_desc *desc,
				 struct pci_ep_db_layout_bar *out)
{
	out->state = PCI_EP_DB_BAR_FREE;
	out->min_size = DB_BAR_MIN_SIZE;
	/* A BAR of the core's is a 32-bit one where the controller lets it be. */
	out->max_size = SZ_2G;

	if (desc->type == BAR_RESIZABLE)
		out->min_size = SZ_1M;	/* PCIe r6.0, 7.8.6.2 */
	if (desc->type == BAR_FIXED) {
		out->min_size = desc->fixed_size;
		out->max_size = desc->fixed_size;
	}
}

static void db_describe_memory(const struct pci_epf_bar *memory,
			       const struct pci_ep_db_request *req, bool lent,
			       struct pci_ep_db_layout_bar *out)
{
	/* The EPF has cut it into parts: who knows what is where. */
	if (memory->num_submap)
		return;

	out->state = lent ? PCI_EP_DB_BAR_LENT : PCI_EP_DB_BAR_MEMORY;
	out->min_size = memory->size;
	out->max_size = memory->size;
	out->memory = memory->phys_addr;
	out->lent_start = req->lend_offset;
	out->lent_size = req->lend_size ?: memory->size;
}

/* What other sets of the function did to the BAR */
static void db_describe_use(const struct pci_ep_db_bar *bar,
			    struct pci_ep_db_layout_bar *out)
{
	const struct pci_ep_db_set_priv *set;

	list_for_each_entry(set, &bar->sets, bar_node) {
		if (!bar->live || db_has_all(set) ||
		    out->nr_used == PCI_EP_DB_MAX_USED) {
			out->state = PCI_EP_DB_BAR_NONE;
			return;
		}
		out->used[out->nr_used++] = db_used(set);
	}
}

static void db_describe_bar(const struct pci_epf *epf,
			    const struct pci_epc_features *features,
			    const struct pci_ep_db_request *req,
			    enum pci_barno bar, struct pci_ep_db_layout_bar *out)
{
	const struct pci_epc_bar_desc *desc = &features->bar[bar];
	const struct pci_ep_db_bar *used = db_bar_find(epf, bar);

	*out = (struct pci_ep_db_layout_bar) { .state = PCI_EP_DB_BAR_NONE };
	if (desc->type == BAR_DISABLED)
		return;

	if (desc->type == BAR_RESERVED) {
		out->state = PCI_EP_DB_BAR_RESERVED;
		return;
	}

	if (db_bar_is_upper_half(epf, features, bar))
		return;

	if (epf->bar[bar].size)
		db_describe_memory(&epf->bar[bar], req, req->lend & BIT(bar), out);
	else
		db_describe_free_bar(desc, out);

	if (used)
		db_describe_use(used, out);
}

/* Is what is lent in every BAR that it is lent of? */
static bool db_lend_fits(const struct pci_epf *epf,
			 const struct pci_ep_db_request *req)
{
	enum pci_barno bar;

	for (bar = BAR_0; bar < PCI_STD_NUM_BARS; bar++)
		if (req->lend & BIT(bar) && epf->bar[bar].size &&
		    (u64)req->lend_offset + req->lend_size > epf->bar[bar].size)
			return false;

	return true;
}

/* From the first doorbell to the end of the last one, of the fewest wanted */
static u64 db_fewest_span(const struct pci_ep_db_request *req)
{
	unsigned int fewest = req->min_count ?: req->count;
	u32 stride = req->stride;

	/* Kicks may share an offset, values cannot. */
	if (!stride && req->kind != PCI_EP_DB_KICK)
		stride = max_t(u32, req->align, sizeof(u32));

	return (u64)(fewest - 1) * stride + sizeof(u32);
}

/**
 * pci_ep_db_describe_ctrl() - describe a controller to the solver
 * @epf: the function whose BARs they are
 * @req: its request, which says what is lent
 * @ctrl: the description
 *
 * The endpoint core does not tell how many inbound windows are left, so that
 * one window too many shows when the BAR is set.
 *
 * Context: process, under the core's mutex.
 * Return: 0; -EINVAL if the EPF is not bound to a controller that says what it
 * can do, or if the request names words beyond its BAR or lends what is beyond.
 */
int pci_ep_db_describe_ctrl(struct pci_epf *epf,
			    const struct pci_ep_db_request *req,
			    struct pci_ep_db_layout_ctrl *ctrl)
{
	const struct pci_epc_features *features;
	const struct pci_ep_db_layout_bar *b;
	enum pci_barno bar;

	lockdep_assert_held(&pci_ep_db_mutex);

	features = pci_epc_get_features(epf->epc, epf->func_no, epf->vfunc_no);
	if (!features)
		return -EINVAL;

	for (bar = BAR_0; bar < PCI_STD_NUM_BARS; bar++)
		db_describe_bar(epf, features, req, bar, &ctrl->bar[bar]);

	ctrl->align = features->align;
	ctrl->windows = UINT_MAX;
	ctrl->dynamic = features->dynamic_inbound_mapping;
	ctrl->subrange = ctrl->dynamic && features->subrange_mapping;

	if (!db_lend_fits(epf, req))
		return -EINVAL;
	if (req->offset == PCI_EP_DB_ANY_OFFSET)
		return 0;

	b = &ctrl->bar[req->bar];
	if (b->max_size && req->offset + db_fewest_span(req) > b->max_size)
		return -EINVAL;

	return 0;
}

/* Is the word at this offset one of the set's? */
static bool db_has_word(const struct pci_ep_db_set_priv *set, u32 offset)
{
	const struct pci_ep_db_layout *layout = &set->layout;
	u32 distance = offset - layout->first;

	return offset >= layout->first && !(distance % layout->stride) &&
	       distance / layout->stride < set->pub.count;
}

/**
 * pci_ep_db_words_taken() - does a set use words of another
 * @set: a set of memory doorbells that has a layout and is not placed yet
 *
 * Context: process, under the core's mutex.
 * Return: true if it does.
 */
bool pci_ep_db_words_taken(struct pci_ep_db_set_priv *set)
{
	struct pci_ep_db_bar *bar = db_bar_find(set->pub.epf, set->layout.bar);
	struct pci_ep_db_set_priv *other;
	unsigned int i;

	if (!bar)
		return false;

	list_for_each_entry(other, &bar->sets, bar_node) {
		if (other->layout.form != PCI_EP_DB_FORM_MEMORY)
			continue;

		for (i = 0; i < set->pub.count; i++)
			if (db_has_word(other, pci_ep_db_layout_offset(&set->layout,
								       NULL, i)))
				return true;
	}

	return false;
}

static int db_set_bar(struct pci_epf *epf, struct pci_epf_bar *bar)
{
	return pci_epc_set_bar(epf->epc, epf->func_no, epf->vfunc_no, bar);
}

static void db_clear_bar(struct pci_epf *epf, struct pci_epf_bar *bar)
{
	pci_epc_clear_bar(epf->epc, epf->func_no, epf->vfunc_no, bar);
}

/* The EPF's memory in the BAR; NULL if there is none */
static struct pci_epf_bar *db_bar_memory(const struct pci_ep_db_bar *bar)
{
	struct pci_epf_bar *memory = &bar->epf->bar[bar->barno];

	return memory->size ? memory : NULL;
}

static dma_addr_t db_window_target(const struct pci_ep_db_set_priv *set)
{
	return set->memory ? set->memory_phys : set->layout.base;
}

/* Only the window of one set */
static void db_compose_whole(const struct pci_ep_db_bar *bar,
			     const struct pci_ep_db_set_priv *set,
			     struct pci_epf_bar *next)
{
	if (set->layout.claim) {
		*next = (struct pci_epf_bar) {
			.addr = set->memory,
			.size = set->layout.size,
			.mem_size = set->layout.size,
			.barno = bar->barno,
		};
		if (bar->features->bar[bar->barno].only_64bit)
			next->flags = PCI_BASE_ADDRESS_MEM_TYPE_64;
	}
	next->phys_addr = db_window_target(set);
}

static void db_add_part(struct db_mapping *mapping, dma_addr_t addr, u64 size)
{
	if (!size)
		return;

	mapping->bar.submap = mapping->part;
	mapping->part[mapping->bar.num_submap++] = (struct pci_epf_bar_submap) {
		.phys_addr = addr,
		.size = size,
	};
}

/* What the BAR is to show; NULL for nothing */
static struct pci_epf_bar *db_compose(struct pci_ep_db_bar *bar)
{
	const struct pci_epf_bar *memory = &bar->epf->bar[bar->barno];
	struct db_mapping *mapping =
		&bar->mapping[bar->live == &bar->mapping[0].bar];
	const struct pci_ep_db_set_priv *set;
	u64 end = 0;

	/* DWC reads the MSI-X table through addr, pcie-designware-ep.c:1120 */
	mapping->bar = *memory;

	list_for_each_entry(set, &bar->sets, bar_node) {
		const struct pci_ep_db_layout *layout = &set->layout;

		if (!set->shown)
			continue;
		if (db_has_all(set)) {
			db_compose_whole(bar, set, &mapping->bar);
			return &mapping->bar;
		}
		db_add_part(mapping, memory->phys_addr + end,
			    layout->window - end);
		db_add_part(mapping, db_window_target(set), layout->window_size);
		end = layout->window + layout->window_size;
	}
	if (!end)
		return db_bar_memory(bar);

	db_add_part(mapping, memory->phys_addr + end, memory->size - end);

	return &mapping->bar;
}

static void db_hide(struct pci_ep_db_bar *bar)
{
	db_clear_bar(bar->epf, bar->live);
	bar->live = NULL;
}

/*
 * DWC tears the old mapping down before it tries the new one,
 * pcie-designware-ep.c:542. To clear the BAR comes last, because that takes away
 * the address which the host has assigned.
 */
static void db_fall_back(struct pci_ep_db_bar *bar, struct pci_epf_bar *back,
			 int err)
{
	struct device *dev = &bar->epf->dev;

	if (!back || db_set_bar(bar->epf, back)) {
		dev_err(dev, "BAR%d: cleared, it could not be mapped again: %pe\n",
			bar->barno, ERR_PTR(err));
		db_hide(bar);
		return;
	}

	if (back != bar->live)
		dev_err(dev, "BAR%d: memory again, all its doorbells are gone: %pe\n",
			bar->barno, ERR_PTR(err));
	bar->live = back;
}

/* Show what the sets want, or if that fails @back. */
static int db_show(struct pci_ep_db_bar *bar, struct pci_epf_bar *back)
{
	struct pci_epf_bar *next = db_compose(bar);
	int ret;

	if (next == bar->live)
		return 0;
	if (!next) {
		db_hide(bar);
		return 0;
	}

	ret = db_set_bar(bar->epf, next);
	if (!ret)
		bar->live = next;
	else if (bar->live)
		db_fall_back(bar, back == next ? NULL : back, ret);

	return ret;
}

static struct pci_ep_db_bar *db_bar_create(struct pci_epf *epf,
					   enum pci_barno barno)
{
	struct pci_ep_db_bar *bar = kzalloc_obj(*bar);

	if (!bar)
		return NULL;

	bar->epf = epf;
	bar->barno = barno;
	bar->features = pci_epc_get_features(epf->epc, epf->func_no,
					     epf->vfunc_no);
	INIT_LIST_HEAD(&bar->sets);
	bar->live = db_bar_memory(bar);
	list_add_tail(&bar->node, &db_bars);

	return bar;
}

static int db_join(struct pci_ep_db_set_priv *set)
{
	struct pci_epf *epf = set->pub.epf;
	enum pci_barno barno = set->layout.bar;
	struct list_head *before;

	set->bar = db_bar_find(epf, barno) ?: db_bar_create(epf, barno);
	if (!set->bar)
		return -ENOMEM;

	list_for_each(before, &set->bar->sets) {
		const struct pci_ep_db_set_priv *other =
			list_entry(before, struct pci_ep_db_set_priv, bar_node);

		if (db_used(other).start > db_used(set).start)
			break;
	}
	list_add_tail(&set->bar_node, before);

	return 0;
}

/* The controller no longer shows anything of the set's. */
static void db_leave(struct pci_ep_db_set_priv *set)
{
	struct pci_ep_db_bar *bar = set->bar;

	if (set->memory)
		dma_free_coherent(bar->epf->epc->dev.parent, set->memory_size,
				  set->memory, set->memory_phys);
	set->memory = NULL;
	set->shown = false;
	set->bar = NULL;

	list_del(&set->bar_node);
	if (list_empty(&bar->sets)) {
		list_del(&bar->node);
		kfree(bar);
	}
}

static int db_alloc_memory(struct pci_ep_db_set_priv *set, u64 size)
{
	const struct pci_ep_db_bar *bar = set->bar;

	set->memory_size = ALIGN(size, max(bar->features->align, 1));
	set->memory = dma_alloc_coherent(bar->epf->epc->dev.parent,
					 set->memory_size, &set->memory_phys,
					 GFP_KERNEL);

	return set->memory ? 0 : -ENOMEM;
}

static int db_place_window(struct pci_ep_db_set_priv *set)
{
	set->shown = true;

	return db_show(set->bar, set->bar->live);
}

static int db_place_memory(struct pci_ep_db_set_priv *set)
{
	const struct pci_ep_db_layout *layout = &set->layout;
	void *memory = set->pub.epf->bar[layout->bar].addr;
	unsigned int i;
	int ret;

	if (layout->claim) {
		ret = db_alloc_memory(set, layout->size) ?: db_place_window(set);
		if (ret)
			return ret;
		memory = set->memory;
	}
	if (!memory)
		return -ENXIO;

	for (i = 0; i < set->pub.count; i++) {
		struct pci_ep_db_target *target = &set->pub.target[i];

		target->word = memory + pci_ep_db_layout_offset(layout, NULL, i);
		target->data = set->pub.req.kind == PCI_EP_DB_KICK ? 1 : 0;
	}

	return 0;
}

/**
 * pci_ep_db_place() - put the doorbells of a set into their BAR
 * @set: the set; its layout is solved
 *
 * Context: process, under the core's mutex. May sleep.
 * Return: 0, or what setting the BAR gave; the BAR is as before then, unless
 * that could not be set again.
 */
int pci_ep_db_place(struct pci_ep_db_set_priv *set)
{
	int ret;

	if (set->layout.form == PCI_EP_DB_FORM_BAR)
		return 0;

	ret = db_join(set);
	if (ret)
		return ret;

	if (set->layout.form == PCI_EP_DB_FORM_BUS)
		ret = db_place_window(set);
	else
		ret = db_place_memory(set);
	if (ret)
		db_leave(set);

	return ret;
}

/**
 * pci_ep_db_unplace() - undo pci_ep_db_place() and pci_ep_db_to_scratch()
 * @set: the set
 *
 * The window goes whatever happens: what it leads to goes next. If there is no
 * way to leave those of other sets where they are, these go as well.
 *
 * Context: process, under the core's mutex. May sleep.
 */
void pci_ep_db_unplace(struct pci_ep_db_set_priv *set)
{
	struct pci_ep_db_bar *bar = set->bar;

	if (!bar)
		return;

	if (set->shown && bar->live) {
		set->shown = false;
		db_show(bar, db_bar_memory(bar));
	}
	db_leave(set);
}

/**
 * pci_ep_db_to_scratch() - let late rings reach memory that nobody reads
 * @set: a set whose backend goes away
 *
 * The BAR keeps the address that the host assigned. Without memory for that, and
 * where a mapping cannot be replaced, the host gets to see what was there before
 * the set: memory that the EPF does without, or nothing.
 *
 * Context: process, under the core's mutex. May sleep.
 */
void pci_ep_db_to_scratch(struct pci_ep_db_set_priv *set)
{
	struct pci_ep_db_bar *bar = set->bar;

	if (set->layout.form != PCI_EP_DB_FORM_BUS || !bar->live)
		return;

	if (!bar->features->dynamic_inbound_mapping ||
	    db_alloc_memory(set, set->layout.window_size))
		set->shown = false;
	db_show(bar, db_bar_memory(bar));
}
