// SPDX-License-Identifier: GPL-2.0
/*
 * PCI endpoint doorbells: tests of requests that are refused or fail half-way
 */

#include <kunit/static_stub.h>
#include <kunit/test.h>
#include <linux/io.h>
#include <linux/interrupt.h>
#include <linux/sizes.h>

#include "pci-ep-doorbell-fake.h"
#include "pci-ep-doorbell-internal.h"

static void expect_invalid(struct kunit *test, const struct pci_ep_db_request *req,
			   const char *what)
{
	struct fake_test *ft = test->priv;

	KUNIT_EXPECT_EQ_MSG(test, -EINVAL, fake_alloc_fails(ft->fake, req), "%s", what);
	KUNIT_EXPECT_EQ_MSG(test, 0, ft->bus->queries + ft->memory->queries, "%s", what);
}

/* All of it before any backend is asked. The table is that of the layout suite. */
static void request_invalid(struct kunit *test)
{
	struct fake_test *ft = test->priv;
	struct pci_ep_db_request req;

	fake_backend_register(ft->bus);
	fake_backend_register(ft->memory);

	req = fake_kicks(ft, 0);
	expect_invalid(test, &req, "count 0");
	req = fake_kicks(ft, 1);
	req.min_count = 2;
	expect_invalid(test, &req, "fewest above count");
	req = fake_kicks(ft, 2);
	req.stride = 2;
	expect_invalid(test, &req, "stride smaller than a doorbell");
	req = fake_kicks(ft, 1);
	req.require = BIT(7);
	expect_invalid(test, &req, "unknown requirement");
	req = fake_kicks(ft, 1);
	req.prefer = BIT(31);
	expect_invalid(test, &req, "unknown preference");
	req = fake_kicks(ft, 1);
	req.lend = BIT(BAR_2);
	req.lend_offset = 0x1000;
	expect_invalid(test, &req, "nothing lent at an offset");
	req = fake_kicks(ft, 1);
	req.handler = NULL;
	expect_invalid(test, &req, "no handler");
	req = fake_kicks(ft, PCI_EP_DB_MAX_COUNT + 1);
	expect_invalid(test, &req, "count above the maximum");
	req = fake_kicks(ft, 1);
	req.kind = PCI_EP_DB_MAILBOX + 1;
	expect_invalid(test, &req, "unknown kind");
}

static void request_beyond_bar(struct kunit *test)
{
	struct fake_test *ft = test->priv;
	struct pci_ep_db_request req = fake_kicks(ft, 1);

	fake_backend_register(ft->bus);
	fake_backend_register(ft->memory);

	req.bar = FAKE_MEM_BAR;
	req.offset = FAKE_MEM_SIZE;
	expect_invalid(test, &req, "first doorbell beyond the memory");

	ft->fake->features.bar[BAR_3].type = BAR_FIXED;
	ft->fake->features.bar[BAR_3].fixed_size = SZ_256;
	req.bar = BAR_3;
	req.offset = SZ_256;
	expect_invalid(test, &req, "first doorbell beyond the fixed size");
}

/* The last of the fewest that the EPF can live with is beyond the BAR as well. */
static void request_last_beyond_bar(struct kunit *test)
{
	struct fake_test *ft = test->priv;
	struct pci_ep_db_request req = fake_kicks(ft, 4);

	fake_backend_register(ft->memory);
	req.bar = FAKE_MEM_BAR;
	req.offset = FAKE_MEM_SIZE - 2 * sizeof(u32);
	/* Without a stride kicks may share an offset. */
	req.stride = sizeof(u32);
	expect_invalid(test, &req, "last doorbell beyond the memory");
}

static void request_without_controller(struct kunit *test)
{
	struct fake_test *ft = test->priv;
	struct pci_ep_db_request req = fake_kicks(ft, 1);
	struct pci_epf *epf;

	fake_backend_register(ft->bus);
	KUNIT_EXPECT_EQ(test, -EINVAL, PTR_ERR(pci_ep_db_alloc(NULL, &req)));
	KUNIT_EXPECT_EQ(test, -EINVAL, PTR_ERR(pci_ep_db_alloc(ft->fake->epf, NULL)));

	epf = pci_epf_create("dbk.lonely");
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, epf);
	KUNIT_EXPECT_EQ(test, -EINVAL, PTR_ERR(pci_ep_db_alloc(epf, &req)));
	pci_epf_destroy(epf);
	KUNIT_EXPECT_EQ(test, 0, ft->bus->queries);

	/* Nothing to give back */
	pci_ep_db_free(NULL);
	pci_ep_db_free(ERR_PTR(-EINVAL));
}

/* As many as there are, down to the fewest the EPF can live with */
static void request_fewer(struct kunit *test)
{
	struct fake_test *ft = test->priv;
	struct pci_ep_db_request req = fake_kicks(ft, 4);
	struct pci_ep_db_location loc;
	struct pci_ep_db_set *set;

	fake_backend_register(ft->bus);
	ft->bus->give = 2;
	req.min_count = 2;
	set = fake_alloc(ft->fake, &req);
	KUNIT_EXPECT_EQ(test, 2, pci_ep_db_count(set));
	KUNIT_EXPECT_EQ(test, 2, fake_requested(ft->fake));
	KUNIT_EXPECT_EQ(test, 0, pci_ep_db_location(set, 1, &loc));
	KUNIT_EXPECT_EQ(test, -EINVAL, pci_ep_db_location(set, 2, &loc));
	KUNIT_EXPECT_EQ(test, -EINVAL, pci_ep_db_enable_one(set, 2));
	fake_free(ft->fake, set);

	/* What query promises at most is not exceeded. */
	ft->bus->give = 0;
	ft->bus->offer.max_count = 3;
	set = fake_alloc(ft->fake, &req);
	KUNIT_EXPECT_EQ(test, 3, pci_ep_db_count(set));
	fake_free(ft->fake, set);

	ft->bus->offer.max_count = 1;
	KUNIT_EXPECT_EQ(test, -EOPNOTSUPP, fake_alloc_fails(ft->fake, &req));
}

/* Memory that holds the fewest, but not all, of the doorbells */
static void request_fewer_words(struct kunit *test)
{
	struct fake_test *ft = test->priv;
	struct pci_ep_db_request req = fake_kicks(ft, 8);
	struct pci_ep_db_set *set;

	fake_backend_register(ft->memory);
	req.min_count = 2;
	req.bar = FAKE_MEM_BAR;
	req.offset = FAKE_MEM_SIZE - 4 * sizeof(u32);
	set = pci_ep_db_alloc(ft->fake->epf, &req);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, set);
	KUNIT_EXPECT_EQ(test, 4, pci_ep_db_count(set));
	pci_ep_db_free(set);
}

/* A step of @fb fails: nothing is left, and the next request works. */
static void expect_undone(struct kunit *test, struct fake_backend *fb,
			  const struct pci_ep_db_request *req, const char *reason)
{
	struct fake_test *ft = test->priv;
	struct fake_epc *fake = ft->fake;
	unsigned int allocs = fb->allocs, frees = fb->frees;
	struct fake_state before;

	fake_save(fake, &before);
	KUNIT_EXPECT_EQ_MSG(test, -EOPNOTSUPP, fake_alloc_fails(fake, req), "%s", reason);
	KUNIT_EXPECT_TRUE_MSG(test, fake_refused(test, fb->backend.name, reason), "%s", reason);
	fake_expect_as_before(fake, &before);
	KUNIT_EXPECT_EQ(test, 0, fb->backend.users);
	KUNIT_EXPECT_EQ(test, fb->allocs - allocs - !!fb->alloc_ret, fb->frees - frees);
	KUNIT_EXPECT_EQ(test, 0, fb->stops);

	fb->query_ret = 0;
	fb->alloc_ret = 0;
	fb->targets_ret = 0;
	fb->start_ret = 0;
	fb->bogus_irq = 0;
	fake->fail_set_bar = 0;
	KUNIT_EXPECT_EQ_MSG(test, 0, fake_alloc_fails(fake, req), "after %s", reason);
	fake_expect_as_before(fake, &before);
	KUNIT_EXPECT_EQ(test, 1, fb->stops);
	fb->stops = 0;
}

static int busy_handler_dev;

static irqreturn_t busy_handler(int irq, void *dev)
{
	return IRQ_NONE;
}

/* Somebody else has the IRQ of the last doorbell: those before it are given back. */
static void undo_busy_irq(struct kunit *test, struct fake_backend *fb,
			  const struct pci_ep_db_request *req)
{
	struct fake_test *ft = test->priv;
	unsigned int allocs = fb->allocs, frees = fb->frees;
	struct fake_state before;
	int irq = ft->fake->irq[2].virq;

	KUNIT_ASSERT_EQ(test, 0, request_irq(irq, busy_handler, 0, "busy", &busy_handler_dev));
	KUNIT_EXPECT_EQ(test, -EOPNOTSUPP, fake_alloc_fails(ft->fake, req));
	KUNIT_EXPECT_TRUE(test, fake_refused(test, fb->backend.name, "-EBUSY"));
	KUNIT_EXPECT_EQ(test, 1, fake_requested(ft->fake));
	KUNIT_EXPECT_EQ(test, fb->allocs - allocs, fb->frees - frees);
	free_irq(irq, &busy_handler_dev);

	fake_save(ft->fake, &before);
	KUNIT_EXPECT_EQ(test, 0, fake_alloc_fails(ft->fake, req));
	fake_expect_as_before(ft->fake, &before);
	fb->stops = 0;
}

/* Every step that can fail whatever the targets are */
static void undo_backend_steps(struct kunit *test, struct fake_backend *fb,
			       const struct pci_ep_db_request *req)
{
	fb->query_ret = -EIO;
	expect_undone(test, fb, req, "no reason given");
	fb->alloc_ret = -ENOSPC;
	expect_undone(test, fb, req, "allocation: -ENOSPC");
	fb->start_ret = -EIO;
	expect_undone(test, fb, req, "start: -EIO");
}

static void undo_irqs(struct kunit *test, struct fake_backend *fb,
		      const struct pci_ep_db_request *req)
{
	/* No such interrupt */
	fb->bogus_irq = 1 << 20;
	expect_undone(test, fb, req, "interrupt or thread: -EINVAL");
	undo_busy_irq(test, fb, req);
	fb->targets_ret = -ENXIO;
	expect_undone(test, fb, req, "targets: -ENXIO");
}

static struct kthread_worker *no_worker(struct pci_ep_db_set_priv *set)
{
	return ERR_PTR(-EAGAIN);
}

/* The thread for handlers that sleep cannot be created. */
static void undo_thread(struct kunit *test, struct fake_backend *fb,
			struct pci_ep_db_request *req)
{
	struct fake_test *ft = test->priv;
	struct fake_state before;
	unsigned int allocs = fb->allocs, frees = fb->frees;

	req->can_sleep = true;
	fake_save(ft->fake, &before);
	kunit_activate_static_stub(test, pci_ep_db_run_worker, no_worker);
	KUNIT_EXPECT_EQ(test, -EOPNOTSUPP, fake_alloc_fails(ft->fake, req));
	kunit_deactivate_static_stub(test, pci_ep_db_run_worker);
	KUNIT_EXPECT_TRUE(test, fake_refused(test, fb->backend.name, "interrupt or thread"));
	KUNIT_EXPECT_EQ(test, fb->allocs - allocs, fb->frees - frees);
	fake_expect_as_before(ft->fake, &before);
	KUNIT_EXPECT_EQ(test, 0, fake_alloc_fails(ft->fake, req));
	fake_expect_as_before(ft->fake, &before);
	fb->stops = 0;
}

static void request_undo_bus_claimed(struct kunit *test)
{
	struct fake_test *ft = test->priv;
	struct pci_ep_db_request req = fake_kicks(ft, 3);

	fake_backend_register(ft->bus);
	undo_backend_steps(test, ft->bus, &req);
	undo_irqs(test, ft->bus, &req);
	ft->fake->fail_set_bar = BIT(0);
	expect_undone(test, ft->bus, &req, "setting the BAR: -ENOSPC");
	undo_thread(test, ft->bus, &req);
}

static void request_undo_bus_lent(struct kunit *test)
{
	struct fake_test *ft = test->priv;
	struct pci_ep_db_request req = fake_kicks(ft, 3);

	fake_backend_register(ft->bus);
	req.bar = FAKE_MEM_BAR;
	req.lend = BIT(FAKE_MEM_BAR);
	undo_backend_steps(test, ft->bus, &req);
	undo_irqs(test, ft->bus, &req);
	ft->fake->fail_set_bar = BIT(0);
	expect_undone(test, ft->bus, &req, "setting the BAR: -ENOSPC");
	undo_thread(test, ft->bus, &req);
}

static void request_undo_no_place(struct kunit *test)
{
	struct fake_test *ft = test->priv;
	struct pci_ep_db_request req = fake_kicks(ft, 3);
	struct fake_state before;

	fake_backend_register(ft->bus);
	fake_save(ft->fake, &before);
	/* All doorbells are at one address. */
	req.stride = 4;
	KUNIT_EXPECT_EQ(test, -EOPNOTSUPP, fake_alloc_fails(ft->fake, &req));
	KUNIT_EXPECT_TRUE(test, fake_refused(test, "bus", "no place in a BAR"));
	fake_expect_as_before(ft->fake, &before);
	KUNIT_EXPECT_EQ(test, 1, ft->bus->frees);
	KUNIT_EXPECT_EQ(test, 0, ft->fake->set_bars - 1);

	req.stride = 0;
	KUNIT_EXPECT_EQ(test, 0, fake_alloc_fails(ft->fake, &req));
}

static void request_undo_bar(struct kunit *test)
{
	struct fake_test *ft = test->priv;
	struct pci_ep_db_request req = fake_kicks(ft, 3);
	struct fake_backend *fb = fake_backend_create(ft->fake, "fixed", PCI_EP_DB_FORM_BAR);
	unsigned int i;

	ft->fake->features.bar[BAR_4].type = BAR_RESERVED;
	for (i = 0; i < 4; i++) {
		ft->fake->reg[i].bar = BAR_4;
		ft->fake->reg[i].offset = 0xa0;
	}
	fake_backend_register(fb);
	undo_backend_steps(test, fb, &req);
	undo_irqs(test, fb, &req);
	undo_thread(test, fb, &req);
	KUNIT_EXPECT_EQ(test, 1, ft->fake->set_bars);
}

static void request_undo_memory_claimed(struct kunit *test)
{
	struct fake_test *ft = test->priv;
	struct pci_ep_db_request req = fake_kicks(ft, 3);

	fake_backend_register(ft->memory);
	undo_backend_steps(test, ft->memory, &req);
	ft->fake->fail_set_bar = BIT(0);
	expect_undone(test, ft->memory, &req, "setting the BAR: -ENOSPC");
	ft->fake->fail_alloc = true;
	KUNIT_EXPECT_EQ(test, -EOPNOTSUPP, fake_alloc_fails(ft->fake, &req));
	KUNIT_EXPECT_TRUE(test, fake_refused(test, "memory", "-ENOMEM"));
	ft->fake->fail_alloc = false;
	KUNIT_EXPECT_EQ(test, 0, fake_alloc_fails(ft->fake, &req));
}

static void request_undo_memory_named(struct kunit *test)
{
	struct fake_test *ft = test->priv;
	struct pci_ep_db_request req = fake_kicks(ft, 3);

	fake_backend_register(ft->memory);
	req.bar = FAKE_MEM_BAR;
	req.offset = 0x1000;
	undo_backend_steps(test, ft->memory, &req);
	KUNIT_EXPECT_EQ(test, 1, ft->fake->set_bars);
}

/* The EPF's words are as they were if the request fails. */
static void request_undo_memory_content(struct kunit *test)
{
	struct fake_test *ft = test->priv;
	struct pci_ep_db_request req = fake_kicks(ft, 1);
	__le32 *word = ft->fake->epf->bar[FAKE_MEM_BAR].addr + 0x1000;

	fake_backend_register(ft->memory);
	req.bar = FAKE_MEM_BAR;
	req.offset = 0x1000;
	*word = cpu_to_le32(0x12345678);
	ft->memory->start_ret = -EIO;
	KUNIT_EXPECT_EQ(test, -EOPNOTSUPP, fake_alloc_fails(ft->fake, &req));
	KUNIT_EXPECT_EQ(test, 0x12345678, le32_to_cpu(*word));
}

/* What the EPF wrote into a BAR it has not set yet is its own. */
static void request_keeps_flags(struct kunit *test)
{
	struct fake_test *ft = test->priv;
	struct pci_ep_db_request req = fake_kicks(ft, 1);
	struct fake_state before;

	fake_backend_register(ft->memory);
	req.bar = BAR_2;
	ft->fake->epf->bar[BAR_2].flags = PCI_BASE_ADDRESS_MEM_TYPE_64;
	fake_save(ft->fake, &before);
	KUNIT_EXPECT_EQ(test, 0, fake_alloc_fails(ft->fake, &req));
	fake_expect_as_before(ft->fake, &before);
}

/* The first backend fails half-way: the next one starts from nothing. */
static void request_next_backend(struct kunit *test)
{
	struct fake_test *ft = test->priv;
	struct pci_ep_db_request req = fake_kicks(ft, 2);
	struct pci_ep_db_set *set;
	struct fake_state before;

	ft->memory->backend.type = PCI_EP_DB_POLL;
	fake_backend_register(ft->bus);
	fake_backend_register(ft->memory);
	fake_save(ft->fake, &before);
	req.types[1] = PCI_EP_DB_POLL;
	req.num_types = 2;
	ft->bus->start_ret = -EIO;
	set = fake_alloc(ft->fake, &req);
	KUNIT_EXPECT_STREQ(test, "memory", set->backend->name);
	KUNIT_EXPECT_EQ(test, 1, ft->bus->frees);
	KUNIT_EXPECT_EQ(test, 0, fake_requested(ft->fake));
	KUNIT_ASSERT_EQ(test, 0, pci_ep_db_enable(set));
	KUNIT_EXPECT_EQ(test, 0, fake_ring(ft->fake, set, 1));
	KUNIT_EXPECT_TRUE(test, pci_ep_db_poll(set));
	KUNIT_EXPECT_EQ(test, 1, atomic_read(&ft->log->calls));
	fake_free(ft->fake, set);
	fake_expect_as_before(ft->fake, &before);
}

/* A ring of a backend that failed is not a ring of the one that was taken. */
static void request_next_backend_is_exact(struct kunit *test)
{
	struct fake_test *ft = test->priv;
	struct pci_ep_db_request req = fake_kicks(ft, 1);
	struct fake_backend *next = fake_backend_create(ft->fake, "next", PCI_EP_DB_FORM_BUS);
	struct pci_ep_db_set *set;

	next->first_reg = 2;
	fake_backend_register(ft->bus);
	fake_backend_register(next);
	req.require = PCI_EP_DB_EXACT;
	req.can_sleep = true;
	ft->bus->ring_in_targets = true;
	ft->bus->targets_ret = -EIO;
	set = fake_alloc(ft->fake, &req);
	KUNIT_EXPECT_STREQ(test, "next", set->backend->name);
	KUNIT_ASSERT_EQ(test, 0, pci_ep_db_enable(set));
	KUNIT_EXPECT_EQ(test, 0, wait_for_completion_timeout(&ft->log->called, HZ / 10));
	KUNIT_EXPECT_EQ(test, 0, fake_ring(ft->fake, set, 0));
	FAKE_WAIT(test, &ft->log->called);
	KUNIT_EXPECT_EQ(test, 1, atomic_read(&ft->log->calls));
}

/* A backend that has addresses to tell and does not is a bad one. */
static void request_bus_without_targets(struct kunit *test)
{
	struct fake_test *ft = test->priv;
	struct pci_ep_db_request req = fake_kicks(ft, 1);
	struct pci_ep_db_backend_ops ops = *ft->bus->backend.ops;

	ops.get_targets = NULL;
	ft->bus->backend.ops = &ops;
	fake_backend_register(ft->bus);
	KUNIT_EXPECT_EQ(test, -EOPNOTSUPP, fake_alloc_fails(ft->fake, &req));
	KUNIT_EXPECT_EQ(test, 1, ft->fake->set_bars);
	fake_backend_unregister(ft->bus);
}

static struct kunit_case request_cases[] = {
	KUNIT_CASE(request_invalid),
	KUNIT_CASE(request_beyond_bar),
	KUNIT_CASE(request_last_beyond_bar),
	KUNIT_CASE(request_without_controller),
	KUNIT_CASE(request_fewer),
	KUNIT_CASE(request_fewer_words),
	KUNIT_CASE(request_undo_bus_claimed),
	KUNIT_CASE(request_undo_bus_lent),
	KUNIT_CASE(request_undo_no_place),
	KUNIT_CASE(request_undo_bar),
	KUNIT_CASE(request_undo_memory_claimed),
	KUNIT_CASE(request_undo_memory_named),
	KUNIT_CASE(request_undo_memory_content),
	KUNIT_CASE(request_keeps_flags),
	KUNIT_CASE(request_next_backend),
	KUNIT_CASE(request_next_backend_is_exact),
	KUNIT_CASE(request_bus_without_targets),
	{}
};

static struct kunit_suite request_suite = {
	.name = "pci-ep-doorbell-request",
	.init = fake_test_init,
	.test_cases = request_cases,
};

kunit_test_suites(&request_suite);

MODULE_LICENSE("GPL");
