// SPDX-License-Identifier: GPL-2.0
/*
 * Virtual endpoint: doorbells from a controller that traps BAR writes
 *
 * The part of a controller's driver that offers doorbells of its own. The words
 * are memory of the EPF, which the core puts into a BAR. The controller lets the
 * host's writes go there and raises its interrupt for those to the words it was
 * told, so that value, doorbell and ring are all known.
 */
#include <linux/bitmap.h>
#include <linux/cleanup.h>
#include <linux/interrupt.h>
#include <linux/module.h>
#include <linux/platform_device.h>
#include <linux/rculist.h>
#include <linux/slab.h>

#include "vep-trap.h"

/**
 * struct vep_trap_set - a set whose words are trapped
 * @node: entry in &struct vep_trap sets
 * @set: the set
 * @words: its words
 * @written: those the interrupt handler works on
 */
struct vep_trap_set {
	struct list_head node;
	struct pci_ep_db_set *set;
	struct vep_words words;
	unsigned long *written;
};

static struct vep_trap *to_vep_trap(const struct pci_ep_db_set *set)
{
	return container_of(set->backend, struct vep_trap, backend);
}

static bool vep_trap_rung(struct vep_trap_set *ts)
{
	unsigned int i;
	u64 wait;

	if (!vep_words_take(&ts->words, ts->written))
		return false;

	for_each_set_bit(i, ts->written, ts->set->count)
		pci_ep_db_ring(ts->set, i);

	/* A host that rings without end gets no interrupts without end. */
	wait = pci_ep_db_throttled(ts->set);
	if (wait)
		vep_words_hold(&ts->words, wait);

	return true;
}

static irqreturn_t vep_trap_irq(int irq, void *data)
{
	struct vep_trap *trap = data;
	struct vep_trap_set *ts;
	bool handled = false;

	guard(rcu)();
	list_for_each_entry_rcu(ts, &trap->sets, node)
		handled |= vep_trap_rung(ts);

	return IRQ_RETVAL(handled);
}

static int vep_trap_query(struct pci_ep_db_backend *backend, struct pci_epf *epf,
			  const struct pci_ep_db_request *req,
			  struct pci_ep_db_offer *offer)
{
	offer->form = PCI_EP_DB_FORM_MEMORY;
	offer->caps = PCI_EP_DB_DISTINCT | PCI_EP_DB_EXACT;
	offer->max_count = PCI_EP_DB_MAX_COUNT;

	return 0;
}

static void vep_trap_set_free(struct vep_trap_set *ts)
{
	bitmap_free(ts->words.written);
	bitmap_free(ts->written);
	kfree(ts);
}

static int vep_trap_alloc(struct pci_ep_db_set *set)
{
	struct vep_trap_set *ts = kzalloc_obj(*ts);

	if (!ts)
		return -ENOMEM;

	ts->set = set;
	ts->written = bitmap_zalloc(set->count, GFP_KERNEL);
	ts->words.written = bitmap_zalloc(set->count, GFP_KERNEL);
	if (!ts->written || !ts->words.written) {
		vep_trap_set_free(ts);
		return -ENOMEM;
	}
	set->backend_data = ts;

	return 0;
}

static void vep_trap_free(struct pci_ep_db_set *set)
{
	vep_trap_set_free(set->backend_data);
}

static int vep_trap_start(struct pci_ep_db_set *set)
{
	struct vep_trap *trap = to_vep_trap(set);
	struct vep_trap_set *ts = set->backend_data;
	struct pci_ep_db_location first, next;
	int ret;

	ret = pci_ep_db_location(set, 0, &first);
	if (ret)
		return ret;

	ts->words.func = set->epf->func_no;
	ts->words.bar = first.bar;
	ts->words.first = first.offset;
	ts->words.stride = sizeof(u32);
	ts->words.count = set->count;
	/* They are as far apart as the first two. */
	if (!pci_ep_db_location(set, 1, &next))
		ts->words.stride = next.offset - first.offset;

	/* Once listed, the handler looks at it for the writes of others. */
	ts->words.v = trap->v;
	scoped_guard(mutex, &trap->lock)
		list_add_tail_rcu(&ts->node, &trap->sets);
	vep_words_trap(trap->v, &ts->words);

	return 0;
}

static void vep_trap_stop(struct pci_ep_db_set *set)
{
	struct vep_trap *trap = to_vep_trap(set);
	struct vep_trap_set *ts = set->backend_data;

	vep_words_release(&ts->words);
	scoped_guard(mutex, &trap->lock)
		list_del_rcu(&ts->node);
	/* Nobody but the handler walks the list. */
	synchronize_irq(trap->irq);
}

static const struct pci_ep_db_backend_ops vep_trap_ops = {
	.query	= vep_trap_query,
	.alloc	= vep_trap_alloc,
	.free	= vep_trap_free,
	.start	= vep_trap_start,
	.stop	= vep_trap_stop,
};

/**
 * vep_trap_register() - offer the doorbells of a controller
 * @trap: filled in here
 * @v: the model
 * @epc: the controller
 * @irq: its interrupt for trapped writes
 *
 * Return: 0 or a negative errno.
 */
int vep_trap_register(struct vep_trap *trap, struct vep *v, struct pci_epc *epc,
		      int irq)
{
	int ret;

	trap->v = v;
	trap->irq = irq;
	mutex_init(&trap->lock);
	INIT_LIST_HEAD(&trap->sets);
	trap->backend = (struct pci_ep_db_backend) {
		.name	= "trap",
		.type	= PCI_EP_DB_CONTROLLER,
		.ops	= &vep_trap_ops,
		.epc	= epc,
	};

	ret = request_irq(irq, vep_trap_irq, 0, "vep-trap", trap);
	if (ret)
		return ret;
	ret = pci_ep_db_register_backend(&trap->backend);
	if (ret)
		free_irq(irq, trap);

	return ret;
}

/**
 * vep_trap_unregister() - offer them no longer
 * @trap: what vep_trap_register() filled in
 */
void vep_trap_unregister(struct vep_trap *trap)
{
	pci_ep_db_unregister_backend(&trap->backend);
	free_irq(trap->irq, trap);
}

static struct vep_trap vep_trap;

static int __init vep_trap_init(void)
{
	struct vep *v = vep_get();
	int irq;

	if (!v || !v->board->trap || !v->epc)
		return -ENODEV;

	irq = platform_get_irq_byname(to_platform_device(v->epc->dev.parent),
				      "trap");
	if (irq < 0)
		return irq;

	return vep_trap_register(&vep_trap, v, v->epc, irq);
}

static void __exit vep_trap_exit(void)
{
	vep_trap_unregister(&vep_trap);
}

/* After the board, when it is built in */
late_initcall_sync(vep_trap_init);
module_exit(vep_trap_exit);

MODULE_DESCRIPTION("Virtual endpoint: doorbells from trapped BAR writes");
MODULE_LICENSE("GPL");
