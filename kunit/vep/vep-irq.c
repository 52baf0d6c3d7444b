// SPDX-License-Identifier: GPL-2.0
/*
 * Virtual endpoint: interrupt controllers
 *
 * Interrupts are delivered from hard hrtimers: that is true hard interrupt
 * context, on UML as well.
 */
#include <linux/bitmap.h>
#include <linux/cleanup.h>
#include <linux/iopoll.h>
#include <linux/irq.h>
#include <linux/irqchip/irq-msi-lib.h>
#include <linux/irqdomain.h>
#include <linux/log2.h>
#include <linux/msi.h>

#include "vep.h"

/* From cause to interrupt: short, but never on the causing CPU's stack. */
#define VEP_IRQ_DELAY		us_to_ktime(2)
/* A level that its handler left asserted comes again, not as a storm. */
#define VEP_IRQ_AGAIN		us_to_ktime(50)
/* A handler that has not made it deassert by then will not. */
#define VEP_IRQ_SETTLE_US	(20 * USEC_PER_MSEC)

static bool vep_line_fires(struct vep_line *l)
{
	guard(raw_spinlock_irqsave)(&l->lock);
	return l->level && !l->masked;
}

static enum hrtimer_restart vep_line_timer(struct hrtimer *t)
{
	struct vep_line *l = container_of(t, struct vep_line, timer);

	if (!l->v->intc || !vep_line_fires(l))
		return HRTIMER_NORESTART;

	vep_count(l->v, l->hwirq < l->v->board->dma_lines ? VEP_STAT_EDMA_IRQ :
							    VEP_STAT_TRAP_IRQ);
	if (generic_handle_domain_irq(l->v->intc, l->hwirq))
		return HRTIMER_NORESTART;

	if (vep_line_fires(l))
		hrtimer_start(&l->timer, VEP_IRQ_AGAIN, HRTIMER_MODE_REL_HARD);

	return HRTIMER_NORESTART;
}

/**
 * vep_lines_init() - make the interrupt lines
 * @v: the endpoint
 */
void vep_lines_init(struct vep *v)
{
	for (unsigned int i = 0; i < VEP_MAX_LINES; i++) {
		struct vep_line *l = &v->line[i];

		raw_spin_lock_init(&l->lock);
		l->v = v;
		l->hwirq = i;
		l->masked = true;
		hrtimer_setup(&l->timer, vep_line_timer, CLOCK_MONOTONIC,
			      HRTIMER_MODE_REL_HARD);
	}
}

/**
 * vep_lines_exit() - stop the interrupt lines
 * @v: the endpoint
 */
void vep_lines_exit(struct vep *v)
{
	for (unsigned int i = 0; i < VEP_MAX_LINES; i++)
		hrtimer_cancel(&v->line[i].timer);
}

/**
 * vep_lines_settle() - wait until no interrupt is under way any more
 * @v: the endpoint
 *
 * Context: process.
 */
void vep_lines_settle(struct vep *v)
{
	bool active;

	for (unsigned int i = 0; i < VEP_MAX_LINES; i++)
		read_poll_timeout(hrtimer_active, active, !active, 10,
				  VEP_IRQ_SETTLE_US, false, &v->line[i].timer);
}

static void vep_line_update(struct vep_line *l)
{
	lockdep_assert_held(&l->lock);

	if (l->level && !l->masked)
		hrtimer_start(&l->timer, VEP_IRQ_DELAY, HRTIMER_MODE_REL_HARD);
}

/**
 * vep_line_set() - assert or deassert a line
 * @v: the endpoint
 * @line: number of the line
 * @level: asserted
 */
void vep_line_set(struct vep *v, unsigned int line, bool level)
{
	struct vep_line *l = &v->line[line];

	guard(raw_spinlock_irqsave)(&l->lock);
	if (l->level == level)
		return;
	l->level = level;
	vep_line_update(l);
}

static void vep_intc_set_mask(struct irq_data *d, bool masked)
{
	struct vep_line *l = irq_data_get_irq_chip_data(d);

	guard(raw_spinlock_irqsave)(&l->lock);
	l->masked = masked;
	vep_line_update(l);
}

static void vep_intc_mask(struct irq_data *d)
{
	vep_intc_set_mask(d, true);
}

static void vep_intc_unmask(struct irq_data *d)
{
	vep_intc_set_mask(d, false);
}

static struct irq_chip vep_intc_chip = {
	.name		= "vep-intc",
	.irq_mask	= vep_intc_mask,
	.irq_unmask	= vep_intc_unmask,
};

static int vep_intc_map(struct irq_domain *d, unsigned int virq,
			irq_hw_number_t hwirq)
{
	struct vep *v = d->host_data;

	irq_set_status_flags(virq, IRQ_LEVEL);
	irq_set_chip_data(virq, &v->line[hwirq]);
	irq_set_chip_and_handler(virq, &vep_intc_chip, handle_level_irq);

	return 0;
}

static const struct irq_domain_ops vep_intc_ops = {
	.map = vep_intc_map,
	.xlate = irq_domain_xlate_onecell,
};

/**
 * vep_intc_create() - make the domain of the interrupt lines
 * @v: the endpoint
 * @fwnode: node of the interrupt controller
 *
 * Return: 0 or -ENOMEM.
 */
int vep_intc_create(struct vep *v, struct fwnode_handle *fwnode)
{
	v->intc = irq_domain_create_linear(fwnode, v->board->dma_lines +
					   v->board->trap, &vep_intc_ops, v);

	return v->intc ? 0 : -ENOMEM;
}

/* Take one event that is to be delivered; false: none is left. */
static bool vep_msi_take(struct vep_msi *msi, unsigned long *event)
{
	guard(raw_spinlock_irqsave)(&msi->lock);

	*event = find_next_and_bit(msi->pending, msi->enabled, msi->nr, 0);
	if (*event >= msi->nr)
		return false;
	__clear_bit(*event, msi->pending);

	return true;
}

static enum hrtimer_restart vep_msi_timer(struct hrtimer *t)
{
	struct vep_msi *msi = container_of(t, struct vep_msi, timer);
	unsigned int budget = msi->nr;
	unsigned long event;

	while (vep_msi_take(msi, &event)) {
		if (msi->delivered)
			atomic_long_inc(msi->delivered);
		generic_handle_domain_irq(msi->domain, event);
		if (!--budget) {
			hrtimer_start(t, VEP_IRQ_AGAIN, HRTIMER_MODE_REL_HARD);
			break;
		}
	}

	return HRTIMER_NORESTART;
}

/**
 * vep_msi_init() - make an MSI controller
 * @msi: the controller
 * @nr: number of events
 * @addr: address of its doorbell
 * @delivered: counter, or NULL
 *
 * Return: 0 or -ENOMEM.
 */
int vep_msi_init(struct vep_msi *msi, unsigned int nr, u64 addr,
		 atomic_long_t *delivered)
{
	raw_spin_lock_init(&msi->lock);
	hrtimer_setup(&msi->timer, vep_msi_timer, CLOCK_MONOTONIC,
		      HRTIMER_MODE_REL_HARD);
	msi->nr = nr;
	msi->addr = addr;
	msi->delivered = delivered;
	msi->used = bitmap_zalloc(nr, GFP_KERNEL);
	msi->enabled = bitmap_zalloc(nr, GFP_KERNEL);
	msi->pending = bitmap_zalloc(nr, GFP_KERNEL);
	if (msi->used && msi->enabled && msi->pending)
		return 0;

	vep_msi_exit(msi);
	return -ENOMEM;
}

/**
 * vep_msi_exit() - free an MSI controller
 * @msi: the controller
 */
void vep_msi_exit(struct vep_msi *msi)
{
	hrtimer_cancel(&msi->timer);
	if (msi->domain)
		irq_domain_remove(msi->domain);
	if (msi->fwnode)
		irq_domain_free_fwnode(msi->fwnode);
	bitmap_free(msi->used);
	bitmap_free(msi->enabled);
	bitmap_free(msi->pending);
}

static void vep_msi_update(struct vep_msi *msi, unsigned long event)
{
	lockdep_assert_held(&msi->lock);

	if (test_bit(event, msi->pending) && test_bit(event, msi->enabled))
		hrtimer_start(&msi->timer, VEP_IRQ_DELAY, HRTIMER_MODE_REL_HARD);
}

/**
 * vep_msi_write() - a write to the doorbell
 * @msi: the controller
 * @data: what was written: the event
 *
 * Return: false when the event is not allocated; then nothing happens.
 */
bool vep_msi_write(struct vep_msi *msi, u32 data)
{
	guard(raw_spinlock_irqsave)(&msi->lock);

	if (data >= msi->nr || !test_bit(data, msi->used))
		return false;
	__set_bit(data, msi->pending);
	vep_msi_update(msi, data);

	return true;
}

static void vep_msi_mask(struct irq_data *d)
{
	struct vep_msi *msi = irq_data_get_irq_chip_data(d);

	guard(raw_spinlock_irqsave)(&msi->lock);
	__clear_bit(d->hwirq, msi->enabled);
}

static void vep_msi_unmask(struct irq_data *d)
{
	struct vep_msi *msi = irq_data_get_irq_chip_data(d);

	guard(raw_spinlock_irqsave)(&msi->lock);
	__set_bit(d->hwirq, msi->enabled);
	vep_msi_update(msi, d->hwirq);
}

/* The event left the pending bits when it was taken. */
static void vep_msi_ack(struct irq_data *d)
{
}

static void vep_msi_compose(struct irq_data *d, struct msi_msg *msg)
{
	struct vep_msi *msi = irq_data_get_irq_chip_data(d);

	msg->address_hi = upper_32_bits(msi->addr);
	msg->address_lo = lower_32_bits(msi->addr);
	msg->data = d->hwirq;
}

static struct irq_chip vep_msi_chip = {
	.name			= "vep-msi",
	.irq_mask		= vep_msi_mask,
	.irq_unmask		= vep_msi_unmask,
	.irq_ack		= vep_msi_ack,
	.irq_compose_msi_msg	= vep_msi_compose,
};

/*
 * Events are handed out in turns, so that nobody can take the event's number
 * for the interrupt's index, and a stale message finds nobody.
 */
static int vep_msi_alloc(struct irq_domain *d, unsigned int virq,
			 unsigned int n, void *arg)
{
	unsigned long mask = roundup_pow_of_two(n) - 1;
	struct vep_msi *msi = d->host_data;
	unsigned long at;

	scoped_guard(raw_spinlock_irqsave, &msi->lock) {
		if (msi->refuse) {
			msi->refuse--;
			return -ENOSPC;
		}
		at = bitmap_find_next_zero_area(msi->used, msi->nr, msi->next, n, mask);
		if (at + n > msi->nr)
			at = bitmap_find_next_zero_area(msi->used, msi->nr, 0, n, mask);
		if (at + n > msi->nr)
			return -ENOSPC;
		bitmap_set(msi->used, at, n);
		msi->next = at + n;
	}

	for (unsigned int i = 0; i < n; i++)
		irq_domain_set_info(d, virq + i, at + i, &vep_msi_chip, msi,
				    handle_edge_irq, NULL, NULL);

	return 0;
}

static void vep_msi_free(struct irq_domain *d, unsigned int virq,
			 unsigned int n)
{
	unsigned long at = irq_domain_get_irq_data(d, virq)->hwirq;
	struct vep_msi *msi = d->host_data;

	guard(raw_spinlock_irqsave)(&msi->lock);
	bitmap_clear(msi->used, at, n);
	bitmap_clear(msi->enabled, at, n);
	bitmap_clear(msi->pending, at, n);
}

static const struct irq_domain_ops vep_msi_ops = {
	.select	= msi_lib_irq_domain_select,
	.alloc	= vep_msi_alloc,
	.free	= vep_msi_free,
};

static const struct msi_parent_ops vep_msi_ep_parent = {
	.required_flags		= MSI_FLAG_USE_DEF_DOM_OPS |
				  MSI_FLAG_USE_DEF_CHIP_OPS |
				  MSI_FLAG_NO_AFFINITY,
	.supported_flags	= MSI_GENERIC_FLAGS_MASK,
	.chip_flags		= MSI_CHIP_FLAG_SET_ACK,
	.bus_select_token	= DOMAIN_BUS_NEXUS,
	.bus_select_mask	= MATCH_PLATFORM_MSI,
	.prefix			= "VEP-",
	.init_dev_msi_info	= msi_lib_init_dev_msi_info,
};

static const struct msi_parent_ops vep_msi_host_parent = {
	.required_flags		= MSI_FLAG_USE_DEF_DOM_OPS |
				  MSI_FLAG_USE_DEF_CHIP_OPS |
				  MSI_FLAG_PCI_MSI_MASK_PARENT |
				  MSI_FLAG_NO_AFFINITY,
	.supported_flags	= MSI_GENERIC_FLAGS_MASK |
				  MSI_FLAG_PCI_MSIX |
				  MSI_FLAG_MULTI_PCI_MSI,
	.chip_flags		= MSI_CHIP_FLAG_SET_ACK,
	.bus_select_token	= DOMAIN_BUS_NEXUS,
	.bus_select_mask	= MATCH_PCI_MSI,
	.prefix			= "VEP-HOST-",
	.init_dev_msi_info	= msi_lib_init_dev_msi_info,
};

/**
 * vep_msi_create_ep() - make the domain of the EP's MSI controller
 * @msi: the controller
 * @fwnode: its node
 *
 * Like the GIC's ITS, it promises never to change a message.
 *
 * Return: 0 or -ENOMEM.
 */
int vep_msi_create_ep(struct vep_msi *msi, struct fwnode_handle *fwnode)
{
	struct irq_domain_info info = {
		.fwnode = fwnode,
		.ops = &vep_msi_ops,
		.domain_flags = IRQ_DOMAIN_FLAG_MSI_IMMUTABLE,
		.size = msi->nr,
		.host_data = msi,
	};

	msi->domain = msi_create_parent_irq_domain(&info, &vep_msi_ep_parent);

	return msi->domain ? 0 : -ENOMEM;
}

/**
 * vep_msi_create_host() - make the domain of the host's MSI controller
 * @msi: the controller
 *
 * Return: 0 or -ENOMEM.
 */
int vep_msi_create_host(struct vep_msi *msi)
{
	struct irq_domain_info info = {
		.ops = &vep_msi_ops,
		.size = msi->nr,
		.host_data = msi,
	};

	msi->fwnode = irq_domain_alloc_named_fwnode("vep-host-msi");
	if (!msi->fwnode)
		return -ENOMEM;
	info.fwnode = msi->fwnode;
	msi->domain = msi_create_parent_irq_domain(&info, &vep_msi_host_parent);

	return msi->domain ? 0 : -ENOMEM;
}
