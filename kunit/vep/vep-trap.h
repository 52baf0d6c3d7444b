/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Virtual endpoint: doorbells from a controller that traps BAR writes
 *
 * Between vep-trap.c and its tests.
 */
#ifndef _VEP_TRAP_H
#define _VEP_TRAP_H

#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/pci-ep-doorbell.h>

#include "vep.h"

/**
 * struct vep_trap - what a controller's driver keeps of its doorbells
 * @backend: for the core
 * @v: the model
 * @irq: interrupt for trapped writes
 * @lock: serializes changes of @sets
 * @sets: the sets, for the interrupt handler
 */
struct vep_trap {
	struct pci_ep_db_backend backend;
	struct vep *v;
	int irq;
	struct mutex lock;		/* sets */
	struct list_head sets;
};

int vep_trap_register(struct vep_trap *trap, struct vep *v, struct pci_epc *epc,
		      int irq);
void vep_trap_unregister(struct vep_trap *trap);

#endif /* _VEP_TRAP_H */
