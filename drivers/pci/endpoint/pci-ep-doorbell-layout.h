/* SPDX-License-Identifier: GPL-2.0 */
/*
 * PCI endpoint doorbells: where they can be
 *
 * Between pci-ep-doorbell-core.c, pci-ep-doorbell-layout.c and their tests.
 */

#ifndef __PCI_EP_DOORBELL_LAYOUT_H
#define __PCI_EP_DOORBELL_LAYOUT_H

#include <linux/pci-ep-doorbell.h>
#include <linux/pci_regs.h>
#include <linux/types.h>

/**
 * enum pci_ep_db_bar_state - what may be done with a BAR
 * @PCI_EP_DB_BAR_NONE: nothing: it is disabled, taken, or its owner has cut it
 *	into parts
 * @PCI_EP_DB_BAR_FREE: it holds nothing and is not set: it may be claimed
 * @PCI_EP_DB_BAR_LENT: it is set and holds memory, all or part of which its
 *	owner does without
 * @PCI_EP_DB_BAR_MEMORY: it is set and holds memory in which only the words
 *	that the request names may be used
 * @PCI_EP_DB_BAR_RESERVED: the hardware shows something in it
 */
enum pci_ep_db_bar_state {
	PCI_EP_DB_BAR_NONE,
	PCI_EP_DB_BAR_FREE,
	PCI_EP_DB_BAR_LENT,
	PCI_EP_DB_BAR_MEMORY,
	PCI_EP_DB_BAR_RESERVED,
};

/* For how long, in us, whoever looks for rings may be told to sleep */
#define PCI_EP_DB_SLEEP_LEAST_US	10
#define PCI_EP_DB_SLEEP_MOST_US		1000000

/* More sets than that in one BAR and it takes no further one. */
#define PCI_EP_DB_MAX_USED	8

/**
 * struct pci_ep_db_layout_used - a part of a BAR that another set has
 * @start: bytes from the start of the BAR
 * @size: bytes, at least 1
 * @window: a window of its own covers it; otherwise it is words of memory, from
 *	the first to the end of the last one
 */
struct pci_ep_db_layout_used {
	u64	start;
	u64	size;
	bool	window;
};

/**
 * struct pci_ep_db_layout_bar - a BAR, as the solver sees it
 * @state: see &enum pci_ep_db_bar_state
 * @min_size: bytes, a power of two; the size the BAR has, or for
 *	PCI_EP_DB_BAR_FREE the smallest it can be given; 0 if it is not known,
 *	as for PCI_EP_DB_BAR_RESERVED
 * @max_size: bytes, a power of two; the largest it can be given, equal to
 *	@min_size where there is no choice
 * @memory: for PCI_EP_DB_BAR_LENT and PCI_EP_DB_BAR_MEMORY the bus address of
 *	the memory that the start of the BAR reaches
 * @lent_start: for PCI_EP_DB_BAR_LENT bytes from the start of the BAR to the
 *	part that is lent; what is outside must go on reaching @memory
 * @lent_size: for PCI_EP_DB_BAR_LENT bytes of that part
 * @nr_used: number of entries in @used
 * @used: what other sets have, in ascending order of start. Windows are
 *	multiples of the controller's alignment in start and size and overlap
 *	nothing; words of several sets may interleave.
 */
struct pci_ep_db_layout_bar {
	enum pci_ep_db_bar_state	state;
	u64				min_size;
	u64				max_size;
	dma_addr_t			memory;
	u64				lent_start;
	u64				lent_size;
	unsigned int			nr_used;
	struct pci_ep_db_layout_used	used[PCI_EP_DB_MAX_USED];
};

/**
 * struct pci_ep_db_layout_ctrl - a controller, as the solver sees it
 * @bar: the BARs of the function
 * @align: bytes, a power of two that the address a window produces for the
 *	start of a BAR must be a multiple of, besides the size of the BAR: BAR
 *	match mode, pcie-designware.c:670; 0 if there is no such demand
 * @windows: inbound windows that are left
 * @dynamic: the mapping of a BAR that is set can be replaced
 * @subrange: windows can map parts of a BAR that is set; offset, size and
 *	address of each part, those of the EPF's memory included, are multiples
 *	of @align, and so is the size of the BAR. The parts cover the BAR
 *	without a gap, one window each: pcie-designware-ep.c:207. Nothing to be
 *	had where @align is 0 or @dynamic is false.
 */
struct pci_ep_db_layout_ctrl {
	struct pci_ep_db_layout_bar	bar[PCI_STD_NUM_BARS];
	u64				align;
	unsigned int			windows;
	bool				dynamic;
	bool				subrange;
};

/**
 * struct pci_ep_db_layout - where the doorbells of a set are
 * @form: what the targets are
 * @bar: in which BAR
 * @claim: the BAR was free and must be set
 * @size: bytes of the BAR
 * @windows: inbound windows it takes beyond those in use: 1 for a BAR that is
 *	claimed, 0 for one whose whole mapping is replaced; for a sub-range how
 *	many parts the BAR has more than before (without sub-ranges it has one)
 * @window: for PCI_EP_DB_FORM_BUS bytes from the start of the BAR to the window.
 *	If it is not the whole BAR, and the request does not say where, the
 *	lowest one that is lent and not used; there is no other choice, whatever
 *	it costs
 * @window_size: for PCI_EP_DB_FORM_BUS bytes of the window: @size for a window
 *	that is the whole BAR, otherwise the targets, rounded outwards to the
 *	controller's alignment
 * @base: for PCI_EP_DB_FORM_BUS the bus address that the start of the window
 *	must reach
 * @first: for PCI_EP_DB_FORM_MEMORY bytes from the start of the BAR to the
 *	first doorbell
 * @stride: for PCI_EP_DB_FORM_MEMORY bytes from one doorbell to the next
 * @isolated: no other device register is exposed
 */
struct pci_ep_db_layout {
	enum pci_ep_db_form	form;
	enum pci_barno		bar;
	bool			claim;
	u64			size;
	unsigned int		windows;
	u64			window;
	u64			window_size;
	dma_addr_t		base;
	u32			first;
	u32			stride;
	bool			isolated;
};

int pci_ep_db_check_request(const struct pci_ep_db_request *req);
int pci_ep_db_solve(const struct pci_ep_db_layout_ctrl *ctrl,
		    const struct pci_ep_db_request *req,
		    enum pci_ep_db_form form,
		    const struct pci_ep_db_target *target, unsigned int count,
		    struct pci_ep_db_layout *layout);
u32 pci_ep_db_layout_offset(const struct pci_ep_db_layout *layout,
			    const struct pci_ep_db_target *target,
			    unsigned int index);

#endif /* __PCI_EP_DOORBELL_LAYOUT_H */
