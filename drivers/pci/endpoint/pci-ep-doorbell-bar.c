// SPDX-License-Identifier: GPL-2.0
/*
 * PCI endpoint doorbells: BARs
 *
 * What a function's BARs hold, putting a set's doorbells into one of them, and
 * bringing back what was there before.
 */

#include <linux/align.h>
#include <linux/dma-mapping.h>
#include <linux/lockdep.h>
#include <linux/pci-epc.h>
#include <linux/sizes.h>

#include "pci-ep-doorbell-internal.h"

/* The smallest memory BAR: PCIe r6.0, 7.5.1.2.1 */
#define DB_BAR_MIN_SIZE		128

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

/* What other sets of the function did to the BAR */
static void db_describe_use(const struct pci_epf *epf, enum pci_barno bar,
			    struct pci_ep_db_layout_bar *out)
{
	struct pci_ep_db_set_priv *set;

	list_for_each_entry(set, &pci_ep_db_sets, node) {
		if (set->pub.epf != epf || set->layout.bar != bar ||
		    set->layout.form == PCI_EP_DB_FORM_BAR)
			continue;

		if (set->layout.claim || set->layout.form == PCI_EP_DB_FORM_BUS)
			out->state = PCI_EP_DB_BAR_NONE;
		else if (out->state == PCI_EP_DB_BAR_LENT)
			out->state = PCI_EP_DB_BAR_MEMORY;
	}
}

static void db_describe_bar(const struct pci_epf *epf,
			    const struct pci_epc_features *features,
			    const struct pci_ep_db_request *req,
			    enum pci_barno bar, struct pci_ep_db_layout_bar *out)
{
	const struct pci_epc_bar_desc *desc = &features->bar[bar];

	*out = (struct pci_ep_db_layout_bar) { .state = PCI_EP_DB_BAR_NONE };
	if (desc->type == BAR_DISABLED)
		return;

	if (desc->type == BAR_RESERVED) {
		out->state = PCI_EP_DB_BAR_RESERVED;
		return;
	}

	if (db_bar_is_upper_half(epf, features, bar))
		return;

	if (epf->bar[bar].size) {
		out->state = req->lend & BIT(bar) ? PCI_EP_DB_BAR_LENT :
						    PCI_EP_DB_BAR_MEMORY;
		out->min_size = epf->bar[bar].size;
		out->max_size = epf->bar[bar].size;
	} else {
		db_describe_free_bar(desc, out);
	}

	db_describe_use(epf, bar, out);
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
 * can do, or if the request names words beyond its BAR.
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
 * @set: a set of memory doorbells that has a layout and is in no list yet
 *
 * Context: process, under the core's mutex.
 * Return: true if it does.
 */
bool pci_ep_db_words_taken(struct pci_ep_db_set_priv *set)
{
	struct pci_ep_db_set_priv *other;
	unsigned int i;

	list_for_each_entry(other, &pci_ep_db_sets, node) {
		if (other->pub.epf != set->pub.epf ||
		    other->layout.bar != set->layout.bar ||
		    other->layout.form != PCI_EP_DB_FORM_MEMORY)
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

/*
 * Bring back the EPF's memory in a BAR that it lent. A second set_bar, because
 * clear_bar would take away the address that the host assigned.
 */
static void db_restore_bar(struct pci_ep_db_set_priv *set)
{
	struct pci_epf *epf = set->pub.epf;
	enum pci_barno bar = set->bar.barno;
	int ret = db_set_bar(epf, &epf->bar[bar]);

	if (!ret)
		return;

	dev_err(&epf->dev, "BAR%d: cleared, its memory could not be mapped again: %pe\n",
		bar, ERR_PTR(ret));
	db_clear_bar(epf, &set->bar);
}

static int db_place_window(struct pci_ep_db_set_priv *set)
{
	const struct pci_ep_db_layout *layout = &set->layout;
	struct pci_epf *epf = set->pub.epf;
	const struct pci_epf_bar *old = &epf->bar[layout->bar];
	const struct pci_epc_features *features;
	int ret;

	features = pci_epc_get_features(epf->epc, epf->func_no, epf->vfunc_no);

	set->bar = (struct pci_epf_bar) {
		.phys_addr = layout->base,
		.size = layout->size,
		.mem_size = layout->size,
		.barno = layout->bar,
	};
	if (!layout->claim) {
		/* DWC reads the MSI-X table there, pcie-designware-ep.c:1120 */
		set->bar.addr = old->addr;
		set->bar.flags = old->flags;
	} else if (features->bar[layout->bar].only_64bit) {
		set->bar.flags = PCI_BASE_ADDRESS_MEM_TYPE_64;
	}

	ret = db_set_bar(epf, &set->bar);
	/* DWC tears the old mapping down first, pcie-designware-ep.c:542 */
	if (ret && !layout->claim)
		db_restore_bar(set);

	return ret;
}

/* Free the memory of a claimed BAR, but not what the EPF set before. */
static void db_free_space(struct pci_ep_db_set_priv *set)
{
	struct pci_epf *epf = set->pub.epf;
	struct pci_epf_bar *bar = &epf->bar[set->layout.bar];

	pci_epf_free_space(epf, bar->addr, set->layout.bar, PRIMARY_INTERFACE);
	bar->flags = set->bar.flags;
}

static int db_claim_memory(struct pci_ep_db_set_priv *set)
{
	const struct pci_ep_db_layout *layout = &set->layout;
	struct pci_epf *epf = set->pub.epf;
	const struct pci_epc_features *features;
	void *addr;
	int ret;

	features = pci_epc_get_features(epf->epc, epf->func_no, epf->vfunc_no);
	set->bar.flags = epf->bar[layout->bar].flags;
	addr = pci_epf_alloc_space(epf, layout->size, layout->bar, features,
				   PRIMARY_INTERFACE);
	if (!addr)
		return -ENOMEM;

	ret = db_set_bar(epf, &epf->bar[layout->bar]);
	if (ret)
		db_free_space(set);

	return ret;
}

static int db_place_memory(struct pci_ep_db_set_priv *set)
{
	const struct pci_ep_db_layout *layout = &set->layout;
	struct pci_epf_bar *bar = &set->pub.epf->bar[layout->bar];
	unsigned int i;
	int ret;

	if (layout->claim) {
		ret = db_claim_memory(set);
		if (ret)
			return ret;
	} else if (!bar->addr) {
		return -ENXIO;
	}

	for (i = 0; i < set->pub.count; i++) {
		struct pci_ep_db_target *target = &set->pub.target[i];

		target->word = bar->addr +
			       pci_ep_db_layout_offset(layout, NULL, i);
		target->data = set->pub.req.kind == PCI_EP_DB_KICK ? 1 : 0;
	}

	return 0;
}

/**
 * pci_ep_db_place() - put the doorbells of a set into their BAR
 * @set: the set; its layout is solved
 *
 * Context: process, under the core's mutex. May sleep.
 * Return: 0, or what setting the BAR gave; the BAR is as before then.
 */
int pci_ep_db_place(struct pci_ep_db_set_priv *set)
{
	switch (set->layout.form) {
	case PCI_EP_DB_FORM_BUS:
		return db_place_window(set);
	case PCI_EP_DB_FORM_MEMORY:
		return db_place_memory(set);
	default:
		return 0;
	}
}

/**
 * pci_ep_db_unplace() - undo pci_ep_db_place() and pci_ep_db_to_scratch()
 * @set: the set
 *
 * Context: process, under the core's mutex. May sleep.
 */
void pci_ep_db_unplace(struct pci_ep_db_set_priv *set)
{
	const struct pci_ep_db_layout *layout = &set->layout;
	struct pci_epf *epf = set->pub.epf;
	struct pci_epf_bar *bar = &epf->bar[layout->bar];

	if (layout->form == PCI_EP_DB_FORM_BUS && layout->claim) {
		db_clear_bar(epf, &set->bar);
	} else if (layout->form == PCI_EP_DB_FORM_BUS) {
		db_restore_bar(set);
	} else if (layout->form == PCI_EP_DB_FORM_MEMORY && layout->claim) {
		/* The window goes first: the host must not reach freed memory. */
		db_clear_bar(epf, bar);
		db_free_space(set);
	}

	if (set->scratch)
		dma_free_coherent(epf->epc->dev.parent, set->bar.mem_size,
				  set->scratch, set->scratch_phys);
	set->scratch = NULL;
}

/**
 * pci_ep_db_to_scratch() - let late rings reach memory that nobody reads
 * @set: a set whose backend goes away
 *
 * The BAR keeps the address that the host assigned. Without memory it is
 * cleared, which the host sees as an unsupported request.
 *
 * Context: process, under the core's mutex. May sleep.
 */
void pci_ep_db_to_scratch(struct pci_ep_db_set_priv *set)
{
	struct pci_epf *epf = set->pub.epf;
	const struct pci_epc_features *features;
	int ret = -ENOMEM;

	if (set->layout.form != PCI_EP_DB_FORM_BUS)
		return;

	features = pci_epc_get_features(epf->epc, epf->func_no, epf->vfunc_no);
	if (!features->dynamic_inbound_mapping) {
		/* A BAR that was claimed; what it shows cannot be replaced. */
		db_clear_bar(epf, &set->bar);
		return;
	}

	set->bar.mem_size = ALIGN(set->bar.size, max(features->align, 1));
	set->scratch = dma_alloc_coherent(epf->epc->dev.parent,
					  set->bar.mem_size, &set->scratch_phys,
					  GFP_KERNEL);
	if (set->scratch) {
		set->bar.phys_addr = set->scratch_phys;
		ret = db_set_bar(epf, &set->bar);
	}
	if (!ret)
		return;

	dev_err(&epf->dev, "BAR%d: cleared, its doorbells are gone: %pe\n",
		set->layout.bar, ERR_PTR(ret));
	db_clear_bar(epf, &set->bar);
}
