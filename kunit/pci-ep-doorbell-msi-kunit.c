// SPDX-License-Identifier: GPL-2.0
/*
 * PCI endpoint doorbells: tests of the backend msi
 *
 * The MSI controllers are models. Like an ITS, such a controller keeps the
 * devices apart: it computes the DeviceID from the node and the ID of the device
 * that wants a domain, and each device has its own events, which count from 0.
 * A write of the host carries the DeviceID that the hardware would give it, from
 * tables here, so that a ring reaches its handler only if the backend took the
 * event from the right one.
 */

#include <kunit/of.h>
#include <kunit/resource.h>
#include <kunit/test.h>
#include <linux/bitmap.h>
#include <linux/cleanup.h>
#include <linux/delay.h>
#include <linux/device.h>
#include <linux/irq.h>
#include <linux/irqchip/irq-msi-lib.h>
#include <linux/irqdomain.h>
#include <linux/kref.h>
#include <linux/msi.h>
#include <linux/of.h>
#include <linux/pci-ep-doorbell.h>
#include <linux/pci-epf.h>
#include <linux/sizes.h>

#include "pci-ep-doorbell-fake.h"

#define MODEL_DEVICES	8
/* Events of a device, as many as a request can have doorbells */
#define MODEL_EVENTS	PCI_EP_DB_MAX_COUNT
/* Address of GITS_TRANSLATER in its frame */
#define MODEL_DOORBELL	0x40

/* Vectors of a pool, unless its first user wants more */
#define POOL_SIZE	64

struct msi_model;

/**
 * struct model_device - a device, as the MSI controller knows it
 * @model: the MSI controller
 * @users: domains for it; 0 if there is no such device
 * @owner: for whom the last one was made
 * @id: its DeviceID
 * @events: how many it has
 * @used: those that are allocated
 */
struct model_device {
	struct msi_model	*model;
	unsigned int		users;
	struct device		*owner;
	u32			id;
	unsigned int		events;
	DECLARE_BITMAP(used, MODEL_EVENTS);
};

/**
 * struct msi_model - an MSI controller
 * @test: the test
 * @domain: what it gives to others
 * @addr: its message address
 * @device: its devices
 * @prepares: how often somebody wanted to have a device
 * @largest: a device with more events cannot be had
 * @events: the most events of a device, whatever was asked for
 * @fail: the event after so many more cannot be allocated; -1: all can
 * @fail_activate: interrupts cannot be activated
 * @no_message: messages are all zeroes
 */
struct msi_model {
	struct kunit		*test;
	struct irq_domain	*domain;
	u64			addr;
	struct model_device	device[MODEL_DEVICES];
	unsigned int		prepares;
	unsigned int		largest;
	unsigned int		events;
	int			fail;
	bool			fail_activate;
	bool			no_message;
};

/**
 * struct msi_wire - the DeviceID that the hardware gives to a function
 * @func_no: function
 * @vfunc_no: virtual function
 * @name: node of the MSI controller
 * @id: the DeviceID
 */
struct msi_wire {
	u8		func_no;
	u8		vfunc_no;
	const char	*name;
	u32		id;
};

/**
 * struct msi_board - an endpoint controller with a node of the device tree
 * @fake: the controller
 * @wires: its functions, ending with one without a name
 * @node: its node
 * @refs: references to @node before anything was done
 * @children: children of its device
 * @windows: inbound windows in use
 */
struct msi_board {
	struct fake_epc		*fake;
	const struct msi_wire	*wires;
	struct device_node	*node;
	unsigned int		refs;
	unsigned int		children;
	unsigned int		windows;
};

/**
 * struct msi_test - what a case begins with, its test->priv
 * @ft: controller, function 0, and what they were before
 * @a: MSI controller msi-a
 * @b: MSI controller msi-b
 * @board: @ft's controller in the device tree, once the case has chosen a node
 */
struct msi_test {
	struct fake_test	*ft;
	struct msi_model	*a;
	struct msi_model	*b;
	struct msi_board	*board;
};

/* The MSI controller */

static struct model_device *model_find(struct msi_model *model, u32 id)
{
	unsigned int i;

	for (i = 0; i < MODEL_DEVICES; i++)
		if (model->device[i].users && model->device[i].id == id)
			return &model->device[i];

	return NULL;
}

static unsigned int model_devices(const struct msi_model *model)
{
	unsigned int i, n = 0;

	for (i = 0; i < MODEL_DEVICES; i++)
		n += !!model->device[i].users;

	return n;
}

/* As of_pmsi_get_msi_info() in irq-gic-its-msi-parent.c */
static int model_device_id(struct irq_domain *domain, struct device *dev, u32 *id)
{
	struct device_node *np = NULL;
	struct of_phandle_args spec = {};
	int ret, i;

	for (i = 0; !of_parse_phandle_with_args(dev->of_node, "msi-parent", "#msi-cells",
						i, &spec); i++) {
		of_node_put(spec.np);
		if (spec.np != irq_domain_get_of_node(domain))
			continue;
		*id = spec.args[0];
		return 0;
	}

	ret = of_map_msi_id(dev->of_node, dev->id, &np, &spec);
	*id = spec.args[0];
	of_node_put(spec.np);

	return ret;
}

static struct model_device *model_new(struct msi_model *model, u32 id, int nvec)
{
	unsigned int i;

	for (i = 0; i < MODEL_DEVICES; i++) {
		struct model_device *device = &model->device[i];

		if (device->users)
			continue;
		device->id = id;
		device->events = min_t(unsigned int, nvec, model->events);
		return device;
	}

	return NULL;
}

static int model_prepare(struct irq_domain *domain, struct device *dev, int nvec,
			 msi_alloc_info_t *info)
{
	struct msi_model *model = domain->parent->host_data;
	struct model_device *device;
	u32 id;
	int ret;

	model->prepares++;
	ret = model_device_id(domain->parent, dev, &id);
	if (ret)
		return ret;
	if (nvec > model->largest)
		return -ENOMEM;
	device = model_find(model, id) ?: model_new(model, id, nvec);
	KUNIT_ASSERT_NOT_NULL(model->test, device);
	/* An ITS shares it as well, but never frees it then: not of one controller. */
	KUNIT_EXPECT_TRUE_MSG(model->test, !device->users || device->owner != dev->parent,
			      "DeviceID %#x", id);
	device->users++;
	device->owner = dev->parent;
	info->scratchpad[0].ptr = device;

	return 0;
}

static void model_teardown(struct irq_domain *domain, msi_alloc_info_t *info)
{
	struct model_device *device = info->scratchpad[0].ptr;

	if (!--device->users)
		KUNIT_EXPECT_TRUE(device->model->test,
				  bitmap_empty(device->used, MODEL_EVENTS));
}

static bool model_init_dev(struct device *dev, struct irq_domain *domain,
			   struct irq_domain *real_parent, struct msi_domain_info *info)
{
	if (!msi_lib_init_dev_msi_info(dev, domain, real_parent, info))
		return false;
	info->ops->msi_prepare = model_prepare;
	info->ops->msi_teardown = model_teardown;

	return true;
}

static void model_nop(struct irq_data *data)
{
}

static unsigned int model_event(struct irq_data *data)
{
	return data->hwirq % MODEL_EVENTS;
}

static void model_compose(struct irq_data *data, struct msi_msg *msg)
{
	struct model_device *device = irq_data_get_irq_chip_data(data);

	*msg = (struct msi_msg) {};
	if (device->model->no_message)
		return;
	msg->address_hi = upper_32_bits(device->model->addr);
	msg->address_lo = lower_32_bits(device->model->addr);
	msg->data = model_event(data);
}

static struct irq_chip model_chip = {
	.name			= "msi-model",
	.irq_ack		= model_nop,
	.irq_mask		= model_nop,
	.irq_unmask		= model_nop,
	.irq_compose_msi_msg	= model_compose,
};

/* From the last to the first: an event is not the index of a vector. */
static int model_alloc(struct irq_domain *domain, unsigned int virq,
		       unsigned int n, void *arg)
{
	struct model_device *device = ((msi_alloc_info_t *)arg)->scratchpad[0].ptr;
	struct msi_model *model = domain->host_data;
	unsigned int event = device->events;

	KUNIT_EXPECT_EQ(model->test, 1, n);
	if (model->fail >= 0 && !model->fail--)
		return -ENOSPC;
	do {
		if (!event--)
			return -ENOSPC;
	} while (test_bit(event, device->used));

	set_bit(event, device->used);
	irq_domain_set_info(domain, virq,
			    (device - model->device) * MODEL_EVENTS + event,
			    &model_chip, device, handle_edge_irq, NULL, NULL);

	return 0;
}

static void model_free(struct irq_domain *domain, unsigned int virq, unsigned int n)
{
	struct irq_data *data = irq_domain_get_irq_data(domain, virq);
	struct model_device *device = irq_data_get_irq_chip_data(data);

	clear_bit(model_event(data), device->used);
	irq_domain_reset_irq_data(data);
}

static int model_activate(struct irq_domain *domain, struct irq_data *data, bool reserve)
{
	struct msi_model *model = domain->host_data;

	return model->fail_activate ? -EIO : 0;
}

static const struct irq_domain_ops model_ops = {
	.select		= msi_lib_irq_domain_select,
	.alloc		= model_alloc,
	.free		= model_free,
	.activate	= model_activate,
};

static const struct msi_parent_ops model_parent_ops = {
	.required_flags		= MSI_FLAG_USE_DEF_DOM_OPS | MSI_FLAG_USE_DEF_CHIP_OPS |
				  MSI_FLAG_NO_AFFINITY,
	.supported_flags	= MSI_GENERIC_FLAGS_MASK,
	.chip_flags		= MSI_CHIP_FLAG_SET_ACK,
	.bus_select_token	= DOMAIN_BUS_NEXUS,
	.bus_select_mask	= MATCH_PLATFORM_MSI,
	.prefix			= "MODEL-",
	.init_dev_msi_info	= model_init_dev,
};

static void model_destroy(void *data)
{
	struct msi_model *model = data;

	KUNIT_EXPECT_EQ(model->test, 0, model_devices(model));
	irq_domain_remove(model->domain);
}

static struct device_node *msi_node(struct kunit *test, const char *name)
{
	struct device_node *root __free(device_node) =
		of_find_node_by_path("/pci-ep-doorbell-kunit");
	struct device_node *np = of_get_child_by_name(root, name);

	KUNIT_ASSERT_NOT_NULL_MSG(test, np, "%s", name);
	of_node_put_kunit(test, np);

	return np;
}

static struct msi_model *model_create(struct kunit *test, const char *name,
				      u64 addr, u32 flags)
{
	struct msi_model *model = kunit_kzalloc(test, sizeof(*model), GFP_KERNEL);
	struct irq_domain_info info = {
		.fwnode		= of_fwnode_handle(msi_node(test, name)),
		.ops		= &model_ops,
		.domain_flags	= flags,
		.size		= MODEL_DEVICES * MODEL_EVENTS,
		.host_data	= model,
	};
	unsigned int i;

	KUNIT_ASSERT_NOT_NULL(test, model);
	model->test = test;
	model->addr = addr;
	model->largest = MODEL_EVENTS;
	model->events = MODEL_EVENTS;
	model->fail = -1;
	for (i = 0; i < MODEL_DEVICES; i++)
		model->device[i].model = model;
	model->domain = msi_create_parent_irq_domain(&info, &model_parent_ops);
	KUNIT_ASSERT_NOT_NULL(test, model->domain);
	KUNIT_ASSERT_EQ(test, 0, kunit_add_action_or_reset(test, model_destroy, model));

	return model;
}

/* A write to the message address: false if that is another's. */
static bool model_write(struct msi_model *model, u32 id, u64 addr, u32 value)
{
	struct model_device *device = model_find(model, id);

	if (addr != model->addr || !device || value >= device->events ||
	    !test_bit(value, device->used))
		return false;

	return !generic_handle_domain_irq_safe(model->domain,
					       (device - model->device) * MODEL_EVENTS + value);
}

/* The endpoint controller */

/* Through the IOMMU, if there is one, with the DeviceID of the function */
static bool msi_host_write(struct fake_epc *fake, const struct pci_epf *epf,
			   u64 addr, u32 value)
{
	struct msi_test *mt = fake->test->priv;
	const struct msi_board *board = fake->mmio_data;
	const struct msi_wire *wire;

	if (IS_ENABLED(CONFIG_ARCH_HAS_DMA_OPS))
		addr -= FAKE_IOVA;
	for (wire = board->wires; wire->name; wire++)
		if (wire->func_no == epf->func_no && wire->vfunc_no == epf->vfunc_no)
			return model_write(!strcmp(wire->name, "msi-a") ? mt->a : mt->b,
					   wire->id, addr, value);

	return false;
}

static int msi_count_child(struct device *dev, void *data)
{
	++*(unsigned int *)data;

	return 0;
}

static unsigned int msi_children(const struct msi_board *board)
{
	unsigned int n = 0;

	device_for_each_child(board->fake->dev, &n, msi_count_child);

	return n;
}

static struct msi_board *msi_board_create(struct fake_epc *fake, const char *name,
					  const struct msi_wire *wires)
{
	struct msi_board *board = kunit_kzalloc(fake->test, sizeof(*board), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(fake->test, board);
	board->fake = fake;
	board->wires = wires;
	board->node = of_node_get(msi_node(fake->test, name));
	of_node_put(fake->dev->of_node);
	device_set_node(fake->dev, of_fwnode_handle(board->node));
	board->refs = kref_read(&board->node->kobj.kref);
	board->children = msi_children(board);
	board->windows = fake_windows_used(fake);
	fake->mmio = msi_host_write;
	fake->mmio_data = board;

	return board;
}

static void msi_use(struct kunit *test, const char *name, const struct msi_wire *wires)
{
	struct msi_test *mt = test->priv;

	mt->board = msi_board_create(mt->ft->fake, name, wires);
}

/* No device, no MSI domain, no mapping, no window is left, nor was there ever one of these. */
static void msi_expect_gone(struct msi_board *board)
{
	struct kunit *test = board->fake->test;
	struct msi_test *mt = test->priv;

	KUNIT_EXPECT_EQ(test, 0, model_devices(mt->a));
	KUNIT_EXPECT_EQ(test, 0, model_devices(mt->b));
	KUNIT_EXPECT_EQ(test, board->children, msi_children(board));
	KUNIT_EXPECT_EQ(test, board->refs, kref_read(&board->node->kobj.kref));
	KUNIT_EXPECT_EQ(test, board->windows, fake_windows_used(board->fake));
	KUNIT_EXPECT_EQ(test, 0, atomic_read(&board->fake->maps));
	/* What the controller's device has is its driver's. */
	KUNIT_EXPECT_NULL(test, dev_get_msi_domain(board->fake->dev));
	KUNIT_EXPECT_NULL(test, board->fake->dev->msi.data);
	if (board == mt->board)
		fake_expect_as_before(board->fake, &mt->ft->before);
}

/* The functions */

static struct pci_ep_db_request msi_request(struct fake_log *log, unsigned int count,
					    unsigned int min_count)
{
	struct pci_ep_db_request req = fake_request(log, PCI_EP_DB_KICK, count,
						    PCI_EP_DB_MSI);

	req.require = PCI_EP_DB_DISTINCT | PCI_EP_DB_EXACT;
	req.min_count = min_count;

	return req;
}

static struct pci_ep_db_set *msi_get(struct msi_board *board, struct pci_epf *epf,
				     const struct pci_ep_db_request *req)
{
	struct pci_epf *first = board->fake->epf;
	struct pci_ep_db_set *set;

	board->fake->epf = epf;
	set = fake_alloc(board->fake, req);
	board->fake->epf = first;
	KUNIT_EXPECT_EQ(board->fake->test, PCI_EP_DB_MSI, set->backend->type);

	return set;
}

static void msi_expect_refused(struct msi_board *board, struct pci_epf *epf,
			       const struct pci_ep_db_request *req, const char *reason)
{
	struct kunit *test = board->fake->test;
	struct pci_ep_db_set *set = pci_ep_db_alloc(epf, req);

	KUNIT_EXPECT_TRUE_MSG(test, IS_ERR(set), "%s", reason);
	KUNIT_EXPECT_EQ_MSG(test, -EOPNOTSUPP, PTR_ERR_OR_ZERO(set), "%s", reason);
	KUNIT_EXPECT_TRUE_MSG(test, fake_refused(test, "msi", reason), "%s", reason);
	pci_ep_db_free(set);
}

/* Each doorbell reaches its own handler, once. */
static void msi_expect_rings(struct msi_board *board, struct pci_ep_db_set *set)
{
	struct kunit *test = board->fake->test;
	struct fake_log *log = set->req.priv;
	unsigned int i;

	KUNIT_ASSERT_EQ(test, 0, pci_ep_db_enable(set));
	for (i = 0; i < pci_ep_db_count(set); i++) {
		atomic_set(&log->calls, 0);
		KUNIT_ASSERT_EQ(test, 0, fake_ring(board->fake, set, i));
		KUNIT_ASSERT_EQ(test, 1, atomic_read(&log->calls));
		KUNIT_ASSERT_EQ(test, i, log->index[0]);
	}
}

/* Get so many doorbells of a function, ring all, free them. */
static void msi_expect_works(struct msi_board *board, struct pci_epf *epf,
			     unsigned int count)
{
	struct pci_ep_db_request req = msi_request(fake_log_create(board->fake), count, 0);
	struct pci_ep_db_set *set = msi_get(board, epf, &req);

	KUNIT_EXPECT_EQ(board->fake->test, count, pci_ep_db_count(set));
	msi_expect_rings(board, set);
	fake_free(board->fake, set);
}

static const struct msi_wire wires_apart[] = {
	{ 0, 0, "msi-a", 0x10 },
	{ 1, 0, "msi-a", 0x11 },
	{ 2, 0, "msi-b", 0x10 },
	{ 0, 1, "msi-a", 0x20 },
	{ 1, 1, "msi-a", 0x21 },
	{ 0, 2, "msi-a", 0x30 },
	{}
};

static const struct msi_wire wires_together[] = {
	{ 0, 0, "msi-a", 0x10 },
	{ 1, 0, "msi-a", 0x10 },
	{ 0, 1, "msi-a", 0x10 },
	{}
};

static const struct msi_wire wires_parent[] = {
	{ 0, 0, "msi-a", 0x40 },
	{ 1, 0, "msi-a", 0x40 },
	{ 0, 1, "msi-a", 0x40 },
	{}
};

static const struct msi_wire wires_other[] = {
	{ 0, 0, "msi-a", 0x10 },
	{}
};

static const struct msi_wire wires_late[] = {
	{ 0, 0, "msi-b", 0x10 },
	{}
};

/* The cases */

/* One address for all, behind the IOMMU; the data tell them apart. */
static void msi_targets(struct kunit *test)
{
	struct msi_test *mt = test->priv;
	struct pci_ep_db_request req = msi_request(mt->ft->log, 3, 0);
	struct pci_ep_db_location loc;
	struct pci_ep_db_set *set;
	unsigned int i;

	msi_use(test, "apart", wires_apart);
	set = msi_get(mt->board, mt->ft->fake->epf, &req);
	for (i = 0; i < 3; i++) {
		KUNIT_ASSERT_EQ(test, 0, pci_ep_db_location(set, i, &loc));
		KUNIT_EXPECT_EQ(test, POOL_SIZE - 1 - i, loc.data);
		KUNIT_EXPECT_EQ(test, set->target[i].addr,
				fake_reaches(mt->ft->fake, set->epf, loc.bar, loc.offset));
		KUNIT_EXPECT_EQ(test, set->target[0].addr, set->target[i].addr);
		/* All that is mapped, which is GITS_TRANSLATER's frame */
		KUNIT_EXPECT_EQ(test, SZ_64K, set->target[i].clear_size);
		KUNIT_EXPECT_EQ(test, set->target[i].addr - MODEL_DOORBELL,
				set->target[i].clear_base);
	}
	if (IS_ENABLED(CONFIG_ARCH_HAS_DMA_OPS)) {
		KUNIT_EXPECT_EQ(test, mt->a->addr + FAKE_IOVA, set->target[0].addr);
		KUNIT_EXPECT_EQ(test, 1, atomic_read(&mt->ft->fake->maps));
	} else {
		KUNIT_EXPECT_EQ(test, mt->a->addr, set->target[0].addr);
	}
	KUNIT_EXPECT_TRUE(test, pci_ep_db_caps(set) & PCI_EP_DB_ISOLATED);
	msi_expect_rings(mt->board, set);
	/* An event that nobody has */
	KUNIT_EXPECT_EQ(test, -EFAULT,
			fake_host_write(mt->ft->fake, set->epf, loc.bar, loc.offset, 0));
	fake_free(mt->ft->fake, set);
	msi_expect_gone(mt->board);
}

/* Get doorbells for each function of wires, all at once; free them in the same order. */
static void msi_all_at_once(struct kunit *test, const char *name,
			    const struct msi_wire *wires)
{
	struct msi_test *mt = test->priv;
	struct fake_epc *fake = mt->ft->fake;
	struct pci_ep_db_set *set[6];
	unsigned int i, j, n;

	msi_use(test, name, wires);
	for (i = 0; wires[i].name; i++) {
		struct pci_ep_db_request req = msi_request(fake_log_create(fake), 3, 0);
		struct pci_epf *epf = fake->epf;

		if (wires[i].vfunc_no)
			epf = fake_vf_create(fake, wires[i].func_no, wires[i].vfunc_no);
		else if (wires[i].func_no)
			epf = fake_epf_create(fake);
		KUNIT_ASSERT_EQ(test, wires[i].func_no, epf->func_no);
		set[i] = msi_get(mt->board, epf, &req);
		for (j = 0; j <= i; j++)
			msi_expect_rings(mt->board, set[j]);
		KUNIT_EXPECT_NOT_NULL(test, model_find(wires[i].name[4] == 'a' ? mt->a : mt->b,
						       wires[i].id));
	}
	n = i;
	for (i = 0; i < n; i++) {
		fake_free(fake, set[i]);
		for (j = i + 1; j < n; j++)
			msi_expect_rings(mt->board, set[j]);
	}
}

static void msi_apart(struct kunit *test)
{
	struct msi_test *mt = test->priv;

	msi_all_at_once(test, "apart", wires_apart);
	KUNIT_EXPECT_EQ(test, 5, mt->a->prepares);
	KUNIT_EXPECT_EQ(test, 1, mt->b->prepares);
	msi_expect_gone(mt->board);
}

static void msi_together(struct kunit *test)
{
	struct msi_test *mt = test->priv;

	msi_all_at_once(test, "together", wires_together);
	KUNIT_EXPECT_EQ(test, 1, mt->a->prepares);
	msi_expect_gone(mt->board);
}

/* msi-parent goes first, as it does for an ITS, and knows no functions. */
static void msi_parent(struct kunit *test)
{
	struct msi_test *mt = test->priv;

	msi_all_at_once(test, "parent", wires_parent);
	KUNIT_EXPECT_EQ(test, 1, mt->a->prepares);
	msi_expect_gone(mt->board);
}

/* The pool outlives the one that it was made for, who gets another piece of it. */
static void msi_first_leaves(struct kunit *test)
{
	struct msi_test *mt = test->priv;
	struct fake_epc *fake = mt->ft->fake;
	struct pci_ep_db_request req = msi_request(mt->ft->log, 2, 0);
	struct pci_ep_db_request req1 = msi_request(fake_log_create(fake), 3, 0);
	struct pci_epf *epf1 = fake_epf_create(fake);
	struct pci_ep_db_set *set, *set1;

	msi_use(test, "together", wires_together);
	set = msi_get(mt->board, fake->epf, &req);
	set1 = msi_get(mt->board, epf1, &req1);
	fake_free(fake, set);
	msi_expect_rings(mt->board, set1);
	msi_expect_works(mt->board, fake->epf, POOL_SIZE - 3);
	msi_expect_rings(mt->board, set1);
	fake_free(fake, set1);
	KUNIT_EXPECT_EQ(test, 1, mt->a->prepares);
	msi_expect_gone(mt->board);
}

/* A host that rings one function's doorbells all the time */
struct msi_ringer {
	struct fake_thread	thread;
	struct msi_board	*board;
	struct pci_ep_db_set	*set;
	bool			stop;
	unsigned int		rings;
	unsigned int		lost;
};

static void msi_ring_on(void *data)
{
	struct msi_ringer *ringer = data;
	struct fake_log *log = ringer->set->req.priv;

	while (!READ_ONCE(ringer->stop)) {
		unsigned int i = ringer->rings % pci_ep_db_count(ringer->set);

		if (fake_ring(ringer->board->fake, ringer->set, i))
			ringer->lost++;
		WRITE_ONCE(ringer->rings, ringer->rings + 1);
		if (atomic_read(&log->calls) != ringer->rings)
			ringer->lost++;
		/* Not a storm */
		usleep_range(10, 20);
	}
}

static void msi_ringer_stop(void *data)
{
	struct msi_ringer *ringer = data;

	WRITE_ONCE(ringer->stop, true);
	fake_thread_wait(ringer->board->fake->test, &ringer->thread);
}

/* Ring the doorbells of this set, until the test ends or msi_ringer_stop(). */
static struct msi_ringer *msi_ringer_run(struct msi_board *board, struct pci_ep_db_set *set)
{
	struct kunit *test = board->fake->test;
	struct msi_ringer *ringer = kunit_kzalloc(test, sizeof(*ringer), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, ringer);
	KUNIT_ASSERT_EQ(test, 0, pci_ep_db_enable(set));
	ringer->board = board;
	ringer->set = set;
	fake_thread_run(test, &ringer->thread, msi_ring_on, ringer);
	KUNIT_ASSERT_EQ(test, 0, kunit_add_action_or_reset(test, msi_ringer_stop, ringer));

	return ringer;
}

/* One function gets and frees doorbells while those of another are rung. */
static void msi_while_firing(struct kunit *test, const char *name,
			     const struct msi_wire *wires)
{
	struct msi_test *mt = test->priv;
	struct fake_epc *fake = mt->ft->fake;
	struct pci_ep_db_request req = msi_request(mt->ft->log, 4, 0);
	struct pci_epf *epf1 = fake_epf_create(fake);
	struct msi_ringer *ringer;
	unsigned int i, before;

	msi_use(test, name, wires);
	ringer = msi_ringer_run(mt->board, msi_get(mt->board, fake->epf, &req));
	for (i = 0; i < 20; i++) {
		before = READ_ONCE(ringer->rings);
		FAKE_WAIT_UNTIL(test, READ_ONCE(ringer->rings) != before);
		msi_expect_works(mt->board, epf1, 3);
	}
	kunit_release_action(test, msi_ringer_stop, ringer);
	KUNIT_EXPECT_EQ(test, 0, ringer->lost);
	KUNIT_EXPECT_EQ(test, ringer->rings, atomic_read(&mt->ft->log->calls));
	fake_free(fake, ringer->set);
	msi_expect_gone(mt->board);
}

static void msi_apart_while_firing(struct kunit *test)
{
	msi_while_firing(test, "apart", wires_apart);
}

static void msi_together_while_firing(struct kunit *test)
{
	msi_while_firing(test, "together", wires_together);
}

/* Each has a pool of its own, even if the hardware gives both the same DeviceID. */
static void msi_two_controllers(struct kunit *test)
{
	struct msi_test *mt = test->priv;
	struct fake_epc *other = fake_epc_create(test);
	struct pci_ep_db_request req = msi_request(mt->ft->log, 4, 0);
	struct pci_ep_db_request other_req = msi_request(fake_log_create(other), 4, 0);
	struct msi_board *other_board = msi_board_create(other, "other", wires_other);
	struct pci_ep_db_set *set, *other_set;

	msi_use(test, "apart", wires_apart);
	set = msi_get(mt->board, mt->ft->fake->epf, &req);
	other_set = msi_get(other_board, other->epf, &other_req);
	KUNIT_EXPECT_EQ(test, mt->board->children + 1, msi_children(mt->board));
	KUNIT_EXPECT_EQ(test, other_board->children + 1, msi_children(other_board));
	msi_expect_rings(mt->board, set);
	msi_expect_rings(other_board, other_set);
	fake_free(mt->ft->fake, set);
	msi_expect_rings(other_board, other_set);
	msi_expect_works(mt->board, mt->ft->fake->epf, 2);
	msi_expect_rings(other_board, other_set);
	fake_free(other, other_set);
	msi_expect_gone(other_board);
	msi_expect_gone(mt->board);
}

/* A map which names the first function only: the second takes the next type. */
static void msi_only_the_first(struct kunit *test)
{
	struct msi_test *mt = test->priv;
	struct fake_epc *fake = mt->ft->fake;
	struct pci_ep_db_request req = msi_request(mt->ft->log, 2, 0);
	struct pci_epf *epf1 = fake_epf_create(fake);
	struct pci_ep_db_set *set;

	msi_use(test, "first", wires_apart);
	msi_expect_works(mt->board, fake->epf, 2);
	msi_expect_refused(mt->board, epf1, &req,
			   "msi-map does not name function 1, virtual function 0");
	msi_expect_refused(mt->board, fake_vf_create(fake, 0, 2), &req,
			   "msi-map does not name function 0, virtual function 2");

	fake_backend_register(mt->ft->memory);
	req.types[req.num_types++] = PCI_EP_DB_CONTROLLER;
	set = pci_ep_db_alloc(epf1, &req);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, set);
	KUNIT_EXPECT_PTR_EQ(test, &mt->ft->memory->backend, set->backend);
	KUNIT_EXPECT_TRUE(test, fake_refused(test, "msi", "does not name function 1"));
	pci_ep_db_free(set);
	msi_expect_gone(mt->board);
}

/* Maps that are not for all functions, and functions that no map can name */
static void msi_bad_maps(struct kunit *test)
{
	static const struct {
		const char	*node;
		u8		func_no;
		u8		vfunc_no;
		const char	*reason;
	} bad[] = {
		{ "short", 2, 0, "msi-map does not name function 2, virtual function 0" },
		{ "hole", 1, 0, "msi-map does not name function 1, virtual function 0" },
		{ "none", 0, 0, "no msi-map in the device tree" },
		{ "missing", 1, 0, "msi-map names an MSI controller that is not there" },
		{ "truncated", 1, 0, "msi-map is malformed: -EINVAL" },
		{ "masked", 1, 0, "msi-map is malformed: -EFAULT" },
		{ "disabled", 0, 0, "the MSI controller msi-disabled is disabled" },
		{ "apart", 3, 2, "msi-map does not name function 3, virtual function 2" },
		{ "apart", 8, 0, "msi-map has no IDs for function 8" },
	};
	struct msi_test *mt = test->priv;
	struct fake_epc *fake = mt->ft->fake;
	struct pci_ep_db_request req = msi_request(mt->ft->log, 2, 0);
	unsigned int i;

	/* Function 8 would be taken for virtual function 1 of function 0. */
	fake->epc->max_functions = 16;
	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		msi_use(test, bad[i].node, wires_apart);
		msi_expect_refused(mt->board,
				   fake_vf_create(fake, bad[i].func_no, bad[i].vfunc_no),
				   &req, bad[i].reason);
		msi_expect_gone(mt->board);
		/* Those which the map does name do not suffer from the others. */
		if (bad[i].func_no || bad[i].vfunc_no)
			msi_expect_works(mt->board, fake->epf, 2);
	}
	msi_expect_gone(mt->board);
}

static void msi_no_node(struct kunit *test)
{
	struct msi_test *mt = test->priv;
	struct pci_ep_db_request req = msi_request(mt->ft->log, 2, 0);

	KUNIT_EXPECT_EQ(test, -EOPNOTSUPP, fake_alloc_fails(mt->ft->fake, &req));
	KUNIT_EXPECT_TRUE(test, fake_refused(test, "msi", "no msi-map in the device tree"));
	fake_expect_as_before(mt->ft->fake, &mt->ft->before);
}

/* The controller's driver comes when it comes. */
static void msi_late(struct kunit *test)
{
	struct msi_test *mt = test->priv;
	struct pci_ep_db_request req = msi_request(mt->ft->log, 2, 0);

	msi_use(test, "late", wires_late);
	pci_ep_db_free(pci_ep_db_alloc(mt->ft->fake->epf, &req));
	KUNIT_EXPECT_TRUE(test, fake_refused(test, "msi",
					     "the MSI controller msi-late has no driver yet"));
	msi_expect_gone(mt->board);

	mt->b = model_create(test, "msi-late", FAKE_MMIO + SZ_2M + MODEL_DOORBELL,
			     IRQ_DOMAIN_FLAG_MSI_IMMUTABLE);
	msi_expect_works(mt->board, mt->ft->fake->epf, 2);
	msi_expect_gone(mt->board);
}

static void msi_not_immutable(struct kunit *test)
{
	struct msi_test *mt = test->priv;
	struct pci_ep_db_request req = msi_request(mt->ft->log, 2, 0);

	msi_use(test, "late", wires_late);
	model_create(test, "msi-late", FAKE_MMIO + SZ_2M + MODEL_DOORBELL, 0);
	msi_expect_refused(mt->board, mt->ft->fake->epf, &req,
			   "the MSI controller may change its messages");
	msi_expect_gone(mt->board);
}

KUNIT_DEFINE_ACTION_WRAPPER(msi_domain_remove, irq_domain_remove, struct irq_domain *);

static void msi_not_a_parent(struct kunit *test)
{
	struct msi_test *mt = test->priv;
	struct pci_ep_db_request req = msi_request(mt->ft->log, 2, 0);
	struct irq_domain *domain =
		irq_domain_create_linear(of_fwnode_handle(msi_node(test, "msi-late")),
					 1, &irq_domain_simple_ops, NULL);

	KUNIT_ASSERT_NOT_NULL(test, domain);
	KUNIT_ASSERT_EQ(test, 0, kunit_add_action_or_reset(test, msi_domain_remove, domain));
	irq_domain_update_bus_token(domain, DOMAIN_BUS_PLATFORM_MSI);
	msi_use(test, "late", wires_late);
	msi_expect_refused(mt->board, mt->ft->fake->epf, &req,
			   "the MSI controller serves no devices of its own");
	msi_expect_gone(mt->board);
}

/* Nobody is asked for what nobody can have. */
static void msi_counts(struct kunit *test)
{
	struct msi_test *mt = test->priv;
	struct pci_ep_db_request req = msi_request(mt->ft->log, 0, 0);

	msi_use(test, "apart", wires_apart);
	KUNIT_EXPECT_EQ(test, -EINVAL, fake_alloc_fails(mt->ft->fake, &req));
	req.count = 65535;
	KUNIT_EXPECT_EQ(test, -EINVAL, fake_alloc_fails(mt->ft->fake, &req));
	req.min_count = 1;
	KUNIT_EXPECT_EQ(test, -EINVAL, fake_alloc_fails(mt->ft->fake, &req));
	KUNIT_EXPECT_EQ(test, 0, mt->a->prepares);
	msi_expect_gone(mt->board);
	msi_expect_works(mt->board, mt->ft->fake->epf, 1);
	msi_expect_gone(mt->board);
}

/* The first user of a pool may have more than others expect. */
static void msi_many(struct kunit *test)
{
	struct msi_test *mt = test->priv;

	msi_use(test, "apart", wires_apart);
	msi_expect_works(mt->board, mt->ft->fake->epf, 2 * POOL_SIZE + 1);
	KUNIT_EXPECT_EQ(test, 1, mt->a->prepares);
	msi_expect_gone(mt->board);
}

/* One more than there are, or the fewest that will do. */
static void msi_fewest(struct kunit *test)
{
	struct msi_test *mt = test->priv;
	struct pci_ep_db_request req = msi_request(mt->ft->log, 17, 0);
	struct pci_ep_db_set *set;

	mt->a->events = 16;
	msi_use(test, "apart", wires_apart);
	msi_expect_refused(mt->board, mt->ft->fake->epf, &req, "allocation: -ENOSPC");
	msi_expect_gone(mt->board);

	req.min_count = 16;
	set = msi_get(mt->board, mt->ft->fake->epf, &req);
	KUNIT_EXPECT_EQ(test, 16, pci_ep_db_count(set));
	msi_expect_rings(mt->board, set);
	fake_free(mt->ft->fake, set);
	msi_expect_gone(mt->board);
}

/* A device with so many events cannot be had: one with fewer will do, if it does. */
static void msi_smaller_pool(struct kunit *test)
{
	struct msi_test *mt = test->priv;
	struct pci_ep_db_request req = msi_request(mt->ft->log, 100, 21);
	struct pci_ep_db_set *set;

	mt->a->largest = 20;
	msi_use(test, "apart", wires_apart);
	msi_expect_refused(mt->board, mt->ft->fake->epf, &req, "allocation: -ENOSPC");
	/* 100, 50, 25, 21 */
	KUNIT_EXPECT_EQ(test, 4, mt->a->prepares);
	msi_expect_gone(mt->board);

	req.min_count = 20;
	set = msi_get(mt->board, mt->ft->fake->epf, &req);
	KUNIT_EXPECT_EQ(test, 20, pci_ep_db_count(set));
	msi_expect_rings(mt->board, set);
	fake_free(mt->ft->fake, set);
	msi_expect_gone(mt->board);
	msi_expect_works(mt->board, mt->ft->fake->epf, 1);
	msi_expect_gone(mt->board);
}

/* Who comes later gets what is left, wherever in the pool that is. */
static void msi_what_is_left(struct kunit *test)
{
	struct msi_test *mt = test->priv;
	struct fake_epc *fake = mt->ft->fake;
	struct pci_ep_db_request req = msi_request(mt->ft->log, 20, 0);
	struct pci_ep_db_request req1 = msi_request(fake_log_create(fake), 45, 0);
	struct pci_epf *epf1 = fake_epf_create(fake);
	struct pci_ep_db_set *set[3], *set1;

	msi_use(test, "together", wires_together);
	set[0] = msi_get(mt->board, fake->epf, &req);
	set[1] = msi_get(mt->board, fake->epf, &req);
	msi_expect_refused(mt->board, epf1, &req1,
			   "24 of the 64 vectors of DeviceID 0x10 are left");
	req1.min_count = 10;
	set1 = msi_get(mt->board, epf1, &req1);
	KUNIT_EXPECT_EQ(test, 24, pci_ep_db_count(set1));
	msi_expect_refused(mt->board, fake->epf, &req,
			   "0 of the 64 vectors of DeviceID 0x10 are left");

	fake_free(fake, set[0]);
	fake_free(fake, set1);
	req1.count = 44;
	req1.min_count = 0;
	set1 = msi_get(mt->board, epf1, &req1);
	msi_expect_rings(mt->board, set1);
	fake_free(fake, set1);
	fake_free(fake, set[1]);
	msi_expect_gone(mt->board);
}

/* Whichever vector fails: all are given back, and others keep theirs. */
static void msi_vector_fails(struct kunit *test)
{
	struct msi_test *mt = test->priv;
	struct fake_epc *fake = mt->ft->fake;
	struct pci_ep_db_request req = msi_request(mt->ft->log, 4, 0);
	struct pci_epf *epf1 = fake_epf_create(fake);
	struct pci_ep_db_set *set;
	int i;

	msi_use(test, "together", wires_together);
	for (i = 0; i < 4; i++) {
		mt->a->fail = i;
		msi_expect_refused(mt->board, fake->epf, &req, "allocation: -ENOSPC");
		msi_expect_gone(mt->board);
		msi_expect_works(mt->board, fake->epf, 4);
		msi_expect_gone(mt->board);
	}

	set = msi_get(mt->board, fake->epf, &req);
	mt->a->fail = 2;
	msi_expect_refused(mt->board, epf1, &req, "allocation: -ENOSPC");
	msi_expect_rings(mt->board, set);
	msi_expect_works(mt->board, epf1, POOL_SIZE - 4);
	fake_free(fake, set);

	req.min_count = 2;
	mt->a->fail = 2;
	set = msi_get(mt->board, epf1, &req);
	KUNIT_EXPECT_EQ(test, 2, pci_ep_db_count(set));
	msi_expect_rings(mt->board, set);
	fake_free(fake, set);
	msi_expect_gone(mt->board);
}

/* What comes after the vectors fails. */
static void msi_later_failures(struct kunit *test)
{
	struct msi_test *mt = test->priv;
	struct fake_epc *fake = mt->ft->fake;
	struct pci_ep_db_request req = msi_request(mt->ft->log, 4, 0);

	msi_use(test, "apart", wires_apart);
	mt->a->fail_activate = true;
	msi_expect_refused(mt->board, fake->epf, &req, "interrupt or thread: -EIO");
	msi_expect_gone(mt->board);
	mt->a->fail_activate = false;

	mt->a->no_message = true;
	msi_expect_refused(mt->board, fake->epf, &req,
			   "address and data of its targets: -ENXIO");
	msi_expect_gone(mt->board);
	mt->a->no_message = false;

	if (IS_ENABLED(CONFIG_ARCH_HAS_DMA_OPS)) {
		fake->fail_map = true;
		msi_expect_refused(mt->board, fake->epf, &req,
				   "address and data of its targets: -EIO");
		msi_expect_gone(mt->board);
		fake->fail_map = false;
	}

	fake->fail_set_bar = BIT(0);
	msi_expect_refused(mt->board, fake->epf, &req, "setting the BAR");
	msi_expect_gone(mt->board);
	msi_expect_works(mt->board, fake->epf, 4);
	msi_expect_gone(mt->board);
}

static int msi_test_init(struct kunit *test)
{
	struct msi_test *mt = kunit_kzalloc(test, sizeof(*mt), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, mt);
	KUNIT_ASSERT_EQ(test, 0, of_overlay_apply_kunit(test, pci_ep_doorbell_msi_kunit));
	mt->a = model_create(test, "msi-a", FAKE_MMIO + MODEL_DOORBELL,
			     IRQ_DOMAIN_FLAG_MSI_IMMUTABLE);
	mt->b = model_create(test, "msi-b", FAKE_MMIO + SZ_1M + MODEL_DOORBELL,
			     IRQ_DOMAIN_FLAG_MSI_IMMUTABLE);
	fake_test_init(test);
	mt->ft = test->priv;
	test->priv = mt;

	return 0;
}

static struct kunit_case msi_cases[] = {
	KUNIT_CASE(msi_targets),
	KUNIT_CASE(msi_apart),
	KUNIT_CASE(msi_together),
	KUNIT_CASE(msi_parent),
	KUNIT_CASE(msi_first_leaves),
	KUNIT_CASE(msi_apart_while_firing),
	KUNIT_CASE(msi_together_while_firing),
	KUNIT_CASE(msi_two_controllers),
	KUNIT_CASE(msi_only_the_first),
	KUNIT_CASE(msi_bad_maps),
	KUNIT_CASE(msi_no_node),
	KUNIT_CASE(msi_late),
	KUNIT_CASE(msi_not_immutable),
	KUNIT_CASE(msi_not_a_parent),
	KUNIT_CASE(msi_counts),
	KUNIT_CASE(msi_many),
	KUNIT_CASE(msi_fewest),
	KUNIT_CASE(msi_smaller_pool),
	KUNIT_CASE(msi_what_is_left),
	KUNIT_CASE(msi_vector_fails),
	KUNIT_CASE(msi_later_failures),
	{}
};

static struct kunit_suite msi_suite = {
	.name = "pci-ep-doorbell-msi",
	.init = msi_test_init,
	.test_cases = msi_cases,
};

kunit_test_suite(msi_suite);
