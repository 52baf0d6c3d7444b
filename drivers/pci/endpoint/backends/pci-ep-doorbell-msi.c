// SPDX-License-Identifier: GPL-2.0
/*
 * PCI endpoint doorbells: interrupts of an MSI controller
 *
 * A write to the message address of an MSI controller of the endpoint's SoC is
 * a ring. All vectors have one address, they differ in their data.
 *
 * The vectors of an endpoint controller come from one pool: a device has one
 * MSI domain, whose size is fixed when it is created. The pool goes with its
 * last user.
 */

#include <linux/align.h>
#include <linux/bitmap.h>
#include <linux/cleanup.h>
#include <linux/err.h>
#include <linux/init.h>
#include <linux/irq.h>
#include <linux/irqdomain.h>
#include <linux/list.h>
#include <linux/msi.h>
#include <linux/of_irq.h>
#include <linux/pci-ep-doorbell.h>
#include <linux/pci-epc.h>
#include <linux/sizes.h>
#include <linux/slab.h>

/* Vectors of a pool, unless its first user wants more */
#define MSI_POOL_SIZE	64

/*
 * GITS_TRANSLATER is alone in its frame of 64 KiB, irq-gic-v3-its.c maps the
 * ITS that way. Only the ITS has an immutable message.
 */
#define MSI_FRAME_SIZE	SZ_64K

/**
 * struct db_msi_pool - the vectors of one controller
 * @node: entry in msi_pools
 * @dev: the controller's device, which has the MSI domain
 * @old_domain: what @dev had as its MSI domain before
 * @users: sets that have vectors
 * @size: number of vectors
 * @used: which of them are taken
 */
struct db_msi_pool {
	struct list_head	node;
	struct device		*dev;
	struct irq_domain	*old_domain;
	unsigned int		users;
	unsigned int		size;
	unsigned long		*used;
};

/**
 * struct db_msi - what one set has
 * @pool: where its vectors are from
 * @first: index of the first one
 */
struct db_msi {
	struct db_msi_pool	*pool;
	unsigned int		first;
};

/* Under the core's mutex */
static LIST_HEAD(msi_pools);

/* The message is kept in the descriptor, nothing has to be looked up for it. */
static void msi_write_msg(struct irq_data *data, struct msi_msg *msg)
{
	irq_data_get_msi_desc(data)->msg = *msg;
}

static void msi_set_desc(msi_alloc_info_t *arg, struct msi_desc *desc)
{
	arg->desc = desc;
	arg->hwirq = desc->msi_index;
}

static const struct msi_domain_template msi_template = {
	.chip = {
		.name			= "ep-doorbell",
		.irq_mask		= irq_chip_mask_parent,
		.irq_unmask		= irq_chip_unmask_parent,
		.irq_write_msi_msg	= msi_write_msg,
	},
	.ops = {
		.set_desc		= msi_set_desc,
	},
	.info = {
		.bus_token		= DOMAIN_BUS_DEVICE_MSI,
	},
};

/* The requester ID of a function: pci-ep.yaml, msi-map */
static u32 msi_requester_id(const struct pci_epf *epf)
{
	return epf->func_no | epf->vfunc_no << 3;
}

static struct irq_domain *msi_find_domain(struct pci_epf *epf)
{
	return of_msi_map_get_device_domain(epf->epc->dev.parent,
					    msi_requester_id(epf),
					    DOMAIN_BUS_PLATFORM_MSI);
}

static int msi_query(struct pci_ep_db_backend *backend, struct pci_epf *epf,
		     const struct pci_ep_db_request *req,
		     struct pci_ep_db_offer *offer)
{
	struct irq_domain *domain = msi_find_domain(epf);

	/* The device whose domain it is carries requester ID 0. */
	if (msi_requester_id(epf))
		return pci_ep_db_refuse(offer, "function %u, virtual function %u is not the first",
					epf->func_no, epf->vfunc_no);
	if (!domain)
		return pci_ep_db_refuse(offer, "msi-map names no MSI controller that is there");
	if (!irq_domain_is_msi_parent(domain))
		return pci_ep_db_refuse(offer, "the MSI controller serves no devices of its own");
	if (!irq_domain_is_msi_immutable(domain))
		return pci_ep_db_refuse(offer, "the MSI controller may change its messages");

	offer->form = PCI_EP_DB_FORM_BUS;
	offer->caps = PCI_EP_DB_DISTINCT | PCI_EP_DB_EXACT;
	offer->max_count = PCI_EP_DB_MAX_COUNT;

	return 0;
}

static void msi_pool_destroy(struct db_msi_pool *pool)
{
	msi_remove_device_irq_domain(pool->dev, MSI_DEFAULT_DOMAIN);
	dev_set_msi_domain(pool->dev, pool->old_domain);
	bitmap_free(pool->used);
	kfree(pool);
}

static struct db_msi_pool *msi_pool_create(struct pci_epf *epf, unsigned int count)
{
	struct device *dev = epf->epc->dev.parent;
	struct db_msi_pool *pool __free(kfree) = kzalloc_obj(*pool);

	if (!pool)
		return ERR_PTR(-ENOMEM);

	pool->dev = dev;
	pool->size = max(count, MSI_POOL_SIZE);
	pool->used = bitmap_zalloc(pool->size, GFP_KERNEL);
	if (!pool->used)
		return ERR_PTR(-ENOMEM);

	pool->old_domain = dev_get_msi_domain(dev);
	dev_set_msi_domain(dev, msi_find_domain(epf));
	if (!msi_create_device_irq_domain(dev, MSI_DEFAULT_DOMAIN, &msi_template,
					  pool->size, NULL, NULL)) {
		dev_set_msi_domain(dev, pool->old_domain);
		bitmap_free(pool->used);
		return ERR_PTR(-ENODEV);
	}
	list_add(&pool->node, &msi_pools);

	return no_free_ptr(pool);
}

static struct db_msi_pool *msi_pool_get(struct pci_epf *epf, unsigned int count)
{
	struct db_msi_pool *pool;

	list_for_each_entry(pool, &msi_pools, node)
		if (pool->dev == epf->epc->dev.parent)
			goto found;

	pool = msi_pool_create(epf, count);
	if (IS_ERR(pool))
		return pool;
found:
	pool->users++;

	return pool;
}

static void msi_pool_put(struct db_msi_pool *pool)
{
	if (IS_ERR_OR_NULL(pool) || --pool->users)
		return;

	list_del(&pool->node);
	msi_pool_destroy(pool);
}

DEFINE_FREE(msi_pool, struct db_msi_pool *, msi_pool_put(_T))

static int msi_take(struct db_msi_pool *pool, unsigned int count, unsigned int *first)
{
	int ret;

	*first = bitmap_find_next_zero_area(pool->used, pool->size, 0, count, 0);
	if (*first >= pool->size)
		return -ENOSPC;

	ret = msi_domain_alloc_irqs_range(pool->dev, MSI_DEFAULT_DOMAIN, *first,
					  *first + count - 1);
	if (!ret)
		bitmap_set(pool->used, *first, count);

	return ret;
}

/* As many as asked for, or half of it, and so on to the fewest acceptable */
static int msi_take_some(struct pci_ep_db_set *set, struct db_msi *msi)
{
	int ret;

	for (;;) {
		ret = msi_take(msi->pool, set->count, &msi->first);
		if (!ret || set->count == set->req.min_count)
			return ret;
		set->count = max(set->count / 2, set->req.min_count);
	}
}

static int msi_alloc(struct pci_ep_db_set *set)
{
	struct db_msi_pool *pool __free(msi_pool) = msi_pool_get(set->epf, set->count);
	unsigned int i;
	int ret;

	if (IS_ERR(pool))
		return PTR_ERR(pool);

	struct db_msi *msi __free(kfree) = kzalloc_obj(*msi);

	if (!msi)
		return -ENOMEM;

	msi->pool = pool;
	ret = msi_take_some(set, msi);
	if (ret)
		return ret;

	for (i = 0; i < set->count; i++)
		set->target[i].irq = msi_get_virq(pool->dev, msi->first + i);

	retain_and_null_ptr(pool);
	set->backend_data = no_free_ptr(msi);

	return 0;
}

/* How much around the message address holds nothing else */
static u64 msi_clear_size(const struct msi_desc *desc)
{
#ifdef CONFIG_IRQ_MSI_IOMMU
	/* Behind an IOMMU only a page of the frame is mapped there. */
	if (desc->iommu_msi_shift)
		return min_t(u64, MSI_FRAME_SIZE, BIT_ULL(desc->iommu_msi_shift));
#endif
	return MSI_FRAME_SIZE;
}

static int msi_get_targets(struct pci_ep_db_set *set)
{
	unsigned int i;

	for (i = 0; i < set->count; i++) {
		struct pci_ep_db_target *target = &set->target[i];
		const struct msi_desc *desc = irq_get_msi_desc(target->irq);

		target->addr = (u64)desc->msg.address_hi << 32 | desc->msg.address_lo;
		target->data = desc->msg.data;
		target->clear_size = msi_clear_size(desc);
		target->clear_base = ALIGN_DOWN(target->addr, target->clear_size);
		if (!target->addr)
			return -ENXIO;
	}

	return 0;
}

static void msi_free(struct pci_ep_db_set *set)
{
	struct db_msi *msi = set->backend_data;
	struct db_msi_pool *pool = msi->pool;

	msi_domain_free_irqs_range(pool->dev, MSI_DEFAULT_DOMAIN, msi->first,
				   msi->first + set->count - 1);
	bitmap_clear(pool->used, msi->first, set->count);
	msi_pool_put(pool);
	kfree(msi);
}

static const struct pci_ep_db_backend_ops msi_ops = {
	.query		= msi_query,
	.alloc		= msi_alloc,
	.get_targets	= msi_get_targets,
	.free		= msi_free,
};

static struct pci_ep_db_backend msi_backend = {
	.name	= "msi",
	.type	= PCI_EP_DB_MSI,
	.ops	= &msi_ops,
};

static int __init msi_init(void)
{
	return pci_ep_db_register_backend(&msi_backend);
}
device_initcall(msi_init);
