/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The example of the README, word for word: `make check` compares them, and
 * the registry suite uses it.
 */

#ifndef __PCI_EP_DOORBELL_EXAMPLE_H
#define __PCI_EP_DOORBELL_EXAMPLE_H

#include <linux/pci-ep-doorbell.h>

/* README: begin */
static enum pci_ep_db_return my_rung(struct pci_ep_db_set *set, unsigned int index,
				     u32 value, void *priv)
{
	/* Doorbell number index was rung: do what there is to do. */
	return PCI_EP_DB_DONE;
}

static struct pci_ep_db_set *my_get_doorbells(struct pci_epf *epf, void *priv)
{
	struct pci_ep_db_request req = {
		.name = "queues", .kind = PCI_EP_DB_KICK, .count = 8, .min_count = 1,
		.prefer = PCI_EP_DB_DISTINCT, .bar = BAR_2, .offset = PCI_EP_DB_ANY_OFFSET,
		.can_sleep = true, .handler = my_rung, .priv = priv,
	};

	return pci_ep_db_alloc(epf, &req);	/* then pci_ep_db_enable(), ..._location() */
}

/* README: end */

#endif /* __PCI_EP_DOORBELL_EXAMPLE_H */
