// SPDX-License-Identifier: GPL-2.0
/*
 * PCI endpoint doorbells: interrupts of an MSI controller
 *
 * A write to the message address of an MSI controller of the endpoint's SoC is
 * a ring. All vectors have one address, they differ in their data.
 *
 * To the MSI controller, the device that writes is a DeviceID. The device tree
 * gives one to each function, or the same one to several. The vectors of a
 * DeviceID come from one pool, whoever asks for them: two MSI domains for one
 * DeviceID would be in each other's way. A pool goes with its last user.
 */

#include <linux/align.h>
#include <linux/cleanup.h>
#include <linux/device.h>
#include <linux/dma-mapping.h>
#include <linux/err.h>
#include <linux/init.h>
#include <linux/irq.h>
#include <linux/irqdomain.h>
#include <linux/list.h>
#include <linux/msi.h>
#include <linux/of.h>
#include <linux/pci-ep-doorbell.h>
#include <linux/pci-epc.h>
#include <linux/sizes.h>
#include <linux/slab.h>

/*
 * Vectors of a pool, unless its first user wants more. The size of an MSI
 * domain is fixed when it is created: this is for all users of the pool
 * together, later ones included, who get what is left.
 */
#define MSI_POOL_SIZE	64

/*
 * GITS_TRANSLATER is alone in its frame of 64 KiB, irq-gic-v3-its.c maps the
 * ITS that way. Only the ITS has an immutable message.
 */
#define MSI_FRAME_SIZE	SZ_64K

/* Requester IDs have three bits for the function: pci-ep.yaml, msi-map */
#define MSI_FUNCTIONS	8

/**
 * struct db_msi_id - what a function is to an MSI controller
 * @domain: that of the MSI controller
 * @device_id: the device that it sees
 */
struct db_msi_id {
	struct irq_domain	*domain;
	u32			device_id;
};

/**
 * struct db_msi_pool - the vectors of one DeviceID of one controller
 * @node: entry in msi_pools
 * @dev: child of the controller's device, which has the MSI domain; the
 *	controller's own stays as it is
 * @id: whose they are
 * @users: sets that have vectors
 * @size: number of vectors
 * @taken: how many of them are in use
 */
struct db_msi_pool {
	struct list_head	node;
	struct device		dev;
	struct db_msi_id	id;
	unsigned int		users;
	unsigned int		size;
	unsigned int		taken;
};

/**
 * struct db_msi - what one set has
 * @pool: where its vectors are from
 * @frame: the frame that the message address is in
 * @iova: where that is on the bus behind the inbound windows
 * @mapped: it is mapped there
 */
struct db_msi {
	struct db_msi_pool	*pool;
	phys_addr_t		frame;
	dma_addr_t		iova;
	bool			mapped;
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

/*
 * Which MSI controller the device tree names for a function, and the DeviceID.
 * An ITS looks at the same properties of this node, in the same order. The node
 * is NULL if msi-map does not name the function.
 */
static int msi_parse(const struct pci_epf *epf, struct of_phandle_args *spec)
{
	struct device_node *np = epf->epc->dev.parent->of_node;
	struct device_node *any = NULL;

	*spec = (struct of_phandle_args) {};
	if (!np)
		return -ENODEV;
	/* The controller has one DeviceID, whatever the function. */
	if (!of_parse_phandle_with_optional_args(np, "msi-parent", "#msi-cells",
						 0, spec))
		return 0;

	return of_map_msi_id(np, msi_requester_id(epf), &any, spec);
}

static int msi_refuse_map(const struct pci_epf *epf,
			  struct pci_ep_db_offer *offer, int err)
{
	if (!of_property_present(epf->epc->dev.parent->of_node, "msi-map"))
		return pci_ep_db_refuse(offer, "no msi-map in the device tree");
	if (err == -ENODEV)
		return pci_ep_db_refuse(offer, "msi-map names an MSI controller that is not there");
	if (err)
		return pci_ep_db_refuse(offer, "msi-map is malformed: %pe", ERR_PTR(err));

	return pci_ep_db_refuse(offer, "msi-map does not name function %u, virtual function %u",
				epf->func_no, epf->vfunc_no);
}

/* What the function is to its MSI controller; if nothing, @offer tells why. */
static int msi_identify(const struct pci_epf *epf, struct db_msi_id *id,
			struct pci_ep_db_offer *offer)
{
	struct of_phandle_args spec;
	int ret;

	if (epf->func_no >= MSI_FUNCTIONS)
		return pci_ep_db_refuse(offer, "msi-map has no IDs for function %u",
					epf->func_no);

	ret = msi_parse(epf, &spec);
	struct device_node *np __free(device_node) = spec.np;

	if (ret || !np)
		return msi_refuse_map(epf, offer, ret);
	if (!of_device_is_available(np))
		return pci_ep_db_refuse(offer, "the MSI controller %pOFP is disabled", np);

	id->device_id = spec.args[0];
	id->domain = irq_find_matching_host(np, DOMAIN_BUS_PLATFORM_MSI);
	if (!id->domain) {
		pci_ep_db_refuse(offer, "the MSI controller %pOFP has no driver yet",
				 np);
		return -EPROBE_DEFER;
	}
	if (!irq_domain_is_msi_parent(id->domain))
		return pci_ep_db_refuse(offer, "the MSI controller serves no devices of its own");
	if (!irq_domain_is_msi_immutable(id->domain))
		return pci_ep_db_refuse(offer, "the MSI controller may change its messages");

	return 0;
}

static struct db_msi_pool *msi_pool_find(const struct pci_epf *epf,
					 const struct db_msi_id *id)
{
	struct db_msi_pool *pool;

	list_for_each_entry(pool, &msi_pools, node)
		if (pool->dev.parent == epf->epc->dev.parent &&
		    pool->id.domain == id->domain &&
		    pool->id.device_id == id->device_id)
			return pool;

	return NULL;
}

static int msi_query(struct pci_ep_db_backend *backend, struct pci_epf *epf,
		     const struct pci_ep_db_request *req,
		     struct pci_ep_db_offer *offer)
{
	struct db_msi_pool *pool;
	struct db_msi_id id;
	int ret;

	/* Also what it will be able to do when its controller has a driver */
	offer->form = PCI_EP_DB_FORM_BUS;
	offer->caps = PCI_EP_DB_DISTINCT | PCI_EP_DB_EXACT;
	offer->max_count = PCI_EP_DB_MAX_COUNT;

	ret = msi_identify(epf, &id, offer);
	if (ret)
		return ret;

	pool = msi_pool_find(epf, &id);
	if (!pool)
		return 0;

	offer->max_count = pool->size - pool->taken;
	if (offer->max_count < (req->min_count ?: req->count))
		return pci_ep_db_refuse(offer, "%u of the %u vectors of DeviceID %#x are left",
					offer->max_count, pool->size, id.device_id);

	return 0;
}

static void msi_pool_release(struct device *dev)
{
	of_node_put(dev->of_node);
	kfree(container_of(dev, struct db_msi_pool, dev));
}

/* The device with the DeviceID of @id: an ITS computes it from node and dev.id. */
static struct db_msi_pool *msi_pool_add(const struct pci_epf *epf,
					const struct db_msi_id *id)
{
	struct device *parent = epf->epc->dev.parent;
	struct db_msi_pool *pool = kzalloc_obj(*pool);
	int ret;

	if (!pool)
		return ERR_PTR(-ENOMEM);

	device_initialize(&pool->dev);
	pool->dev.parent = parent;
	pool->dev.release = msi_pool_release;
	pool->dev.id = msi_requester_id(epf);
	device_set_of_node_from_dev(&pool->dev, parent);
	dev_set_msi_domain(&pool->dev, id->domain);
	pool->id = *id;

	ret = dev_set_name(&pool->dev, "%s.msi%u", dev_name(parent), pool->dev.id);
	if (!ret)
		ret = device_add(&pool->dev);
	if (ret) {
		put_device(&pool->dev);
		return ERR_PTR(ret);
	}

	return pool;
}

/* Where the MSI controller is short of what a pool should have, half may do. */
static int msi_pool_fill(struct db_msi_pool *pool, unsigned int count,
			 unsigned int min_count)
{
	pool->size = max(count, MSI_POOL_SIZE);
	while (!msi_create_device_irq_domain(&pool->dev, MSI_DEFAULT_DOMAIN,
					     &msi_template, pool->size, NULL, NULL)) {
		if (pool->size <= min_count)
			return -ENOSPC;
		pool->size = max(pool->size / 2, min_count);
	}

	return 0;
}

static struct db_msi_pool *msi_pool_create(struct pci_ep_db_set *set,
					   const struct db_msi_id *id)
{
	struct db_msi_pool *pool = msi_pool_add(set->epf, id);
	int ret;

	if (IS_ERR(pool))
		return pool;

	ret = msi_pool_fill(pool, set->count, set->req.min_count);
	if (ret) {
		device_unregister(&pool->dev);
		return ERR_PTR(ret);
	}
	list_add(&pool->node, &msi_pools);

	return pool;
}

static struct db_msi_pool *msi_pool_get(struct pci_ep_db_set *set)
{
	struct pci_ep_db_offer ignored;
	struct db_msi_pool *pool;
	struct db_msi_id id;
	int ret;

	ret = msi_identify(set->epf, &id, &ignored);
	if (ret)
		return ERR_PTR(ret);

	pool = msi_pool_find(set->epf, &id) ?: msi_pool_create(set, &id);
	if (!IS_ERR(pool))
		pool->users++;

	return pool;
}

static void msi_pool_put(struct db_msi_pool *pool)
{
	if (IS_ERR_OR_NULL(pool) || --pool->users)
		return;

	list_del(&pool->node);
	/* The MSI domain goes with it. */
	device_unregister(&pool->dev);
}

DEFINE_FREE(msi_pool, struct db_msi_pool *, msi_pool_put(_T))

static void msi_give_back(struct db_msi_pool *pool, struct pci_ep_db_set *set,
			  unsigned int count)
{
	while (count--) {
		unsigned int index = irq_get_msi_desc(set->target[count].irq)->msi_index;

		msi_domain_free_irqs_range(&pool->dev, MSI_DEFAULT_DOMAIN, index, index);
		pool->taken--;
	}
}

/*
 * Taking vectors may be slow, so what was got is kept if it is enough. They
 * need not be neighbours.
 */
static int msi_take(struct db_msi_pool *pool, struct pci_ep_db_set *set)
{
	struct msi_map map;
	unsigned int i;

	for (i = 0; i < set->count; i++) {
		map = msi_domain_alloc_irq_at(&pool->dev, MSI_DEFAULT_DOMAIN,
					      MSI_ANY_INDEX, NULL, NULL);
		if (map.index < 0)
			break;
		set->target[i].irq = map.virq;
		pool->taken++;
	}
	if (i < set->req.min_count) {
		msi_give_back(pool, set, i);
		return map.index;
	}
	set->count = i;

	return 0;
}

static int msi_alloc(struct pci_ep_db_set *set)
{
	struct db_msi_pool *pool __free(msi_pool) = msi_pool_get(set);
	int ret;

	if (IS_ERR(pool))
		return PTR_ERR(pool);

	struct db_msi *msi __free(kfree) = kzalloc_obj(*msi);

	if (!msi)
		return -ENOMEM;

	ret = msi_take(pool, set);
	if (ret)
		return ret;

	msi->pool = no_free_ptr(pool);
	set->backend_data = no_free_ptr(msi);

	return 0;
}

/*
 * The message holds the physical address, because the pool's device is behind
 * no IOMMU; the windows reach what the controller's device sees. It writes
 * there, so it is FROM_DEVICE. Every set maps the same frame, of which the CPU
 * caches nothing: SKIP_CPU_SYNC.
 */
static int msi_map_frame(struct pci_ep_db_set *set, phys_addr_t frame)
{
	struct device *dev = set->epf->epc->dev.parent;
	struct db_msi *msi = set->backend_data;

	msi->frame = frame;
	msi->iova = dma_map_resource(dev, frame, MSI_FRAME_SIZE, DMA_FROM_DEVICE,
				     DMA_ATTR_SKIP_CPU_SYNC);
	if (dma_mapping_error(dev, msi->iova))
		return -EIO;
	msi->mapped = true;

	return 0;
}

static int msi_get_target(struct pci_ep_db_set *set,
			  struct pci_ep_db_target *target)
{
	struct db_msi *msi = set->backend_data;
	phys_addr_t addr, frame;
	struct msi_msg msg;
	int ret;

	get_cached_msi_msg(target->irq, &msg);
	addr = (u64)msg.address_hi << 32 | msg.address_lo;
	frame = ALIGN_DOWN(addr, MSI_FRAME_SIZE);
	if (!addr)
		return -ENXIO;

	if (!msi->mapped) {
		ret = msi_map_frame(set, frame);
		if (ret)
			return ret;
	}
	if (frame != msi->frame)
		return -ENXIO;

	target->addr = msi->iova + (addr - frame);
	target->data = msg.data;
	target->clear_base = msi->iova;
	target->clear_size = MSI_FRAME_SIZE;

	return 0;
}

static int msi_get_targets(struct pci_ep_db_set *set)
{
	unsigned int i;
	int ret = 0;

	for (i = 0; i < set->count && !ret; i++)
		ret = msi_get_target(set, &set->target[i]);

	return ret;
}

static void msi_free(struct pci_ep_db_set *set)
{
	struct db_msi *msi = set->backend_data;

	if (msi->mapped)
		dma_unmap_resource(set->epf->epc->dev.parent, msi->iova,
				   MSI_FRAME_SIZE, DMA_FROM_DEVICE,
				   DMA_ATTR_SKIP_CPU_SYNC);
	msi_give_back(msi->pool, set, set->count);
	msi_pool_put(msi->pool);
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
