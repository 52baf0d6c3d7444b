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
 * @PCI_EP_DB_BAR_NONE: nothing: it is disabled, or taken
 * @PCI_EP_DB_BAR_FREE: it holds nothing and is not set: it may be claimed
 * @PCI_EP_DB_BAR_LENT: it is set and holds memory which its owner does without
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

/**
 * struct pci_ep_db_layout_bar - a BAR, as the solver sees it
 * @state: see &enum pci_ep_db_bar_state
 * @min_size: bytes, a power of two; the size the BAR has, or for
 *	PCI_EP_DB_BAR_FREE the smallest it can be given; 0 if it is not known,
 *	as for PCI_EP_DB_BAR_RESERVED
 * @max_size: bytes, a power of two; the largest it can be given, equal to
 *	@min_size where there is no choice
 */
struct pci_ep_db_layout_bar {
	enum pci_ep_db_bar_state	state;
	u64				min_size;
	u64				max_size;
};

/**
 * struct pci_ep_db_layout_ctrl - a controller, as the solver sees it
 * @bar: the BARs of the function
 * @align: bytes, a power of two that the address a window produces for the
 *	start of a BAR must be a multiple of, besides the size of the BAR: BAR
 *	match mode, pcie-designware.c:670; 0 if there is no such demand
 * @windows: inbound windows that are left
 * @dynamic: the mapping of a BAR that is set can be replaced
 */
struct pci_ep_db_layout_ctrl {
	struct pci_ep_db_layout_bar	bar[PCI_STD_NUM_BARS];
	u64				align;
	unsigned int			windows;
	bool				dynamic;
};

/**
 * struct pci_ep_db_layout - where the doorbells of a set are
 * @form: what the targets are
 * @bar: in which BAR
 * @claim: the BAR was free and must be set
 * @size: bytes of the BAR
 * @windows: inbound windows it takes beyond those in use
 * @base: for PCI_EP_DB_FORM_BUS the bus address that the start of the BAR must
 *	reach
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
