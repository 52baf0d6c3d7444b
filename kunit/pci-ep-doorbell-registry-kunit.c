// SPDX-License-Identifier: GPL-2.0
/*
 * PCI endpoint doorbells: tests of the registry, of choice, and of backends
 * that come late and go early
 */

#include <kunit/static_stub.h>
#include <kunit/test.h>
#include <linux/sizes.h>

#include "pci-ep-doorbell-example.h"
#include "pci-ep-doorbell-fake.h"
#include "pci-ep-doorbell-internal.h"

/* A backend of @count doorbells at registers of their own, 64 KiB apart from others */
static struct fake_backend *bus_backend(struct fake_epc *fake, const char *name,
					unsigned int count)
{
	struct fake_backend *fb = fake_backend_create(fake, name, PCI_EP_DB_FORM_BUS);
	u64 base = FAKE_MMIO + fake->num_regs * SZ_64K + 0x40;
	unsigned int i;

	fb->first_reg = fake->num_regs;
	for (i = 0; i < count; i++)
		fake_add_reg(fake, base, 0x100 + i, fake->num_regs);

	return fb;
}

/* Who was chosen? */
static const char *chosen(struct fake_test *ft, const struct pci_ep_db_request *req)
{
	struct pci_ep_db_set *set = pci_ep_db_alloc(ft->fake->epf, req);
	const char *name;

	KUNIT_ASSERT_NOT_ERR_OR_NULL(ft->fake->test, set);
	name = set->backend->name;
	pci_ep_db_free(set);

	return name;
}

static void registry_refuses_bad_backends(struct kunit *test)
{
	struct fake_test *ft = test->priv;
	struct fake_backend *good = ft->bus;
	struct pci_ep_db_backend_ops ops = *good->backend.ops;
	struct pci_ep_db_backend bad = good->backend;

	KUNIT_EXPECT_EQ(test, -EINVAL, pci_ep_db_register_backend(NULL));
	bad.name = NULL;
	KUNIT_EXPECT_EQ(test, -EINVAL, pci_ep_db_register_backend(&bad));
	bad = good->backend;
	bad.type = PCI_EP_DB_NR_TYPES;
	KUNIT_EXPECT_EQ(test, -EINVAL, pci_ep_db_register_backend(&bad));
	bad = good->backend;
	bad.ops = NULL;
	KUNIT_EXPECT_EQ(test, -EINVAL, pci_ep_db_register_backend(&bad));

	bad.ops = &ops;
	ops.query = NULL;
	KUNIT_EXPECT_EQ(test, -EINVAL, pci_ep_db_register_backend(&bad));
	ops = *good->backend.ops;
	ops.alloc = NULL;
	KUNIT_EXPECT_EQ(test, -EINVAL, pci_ep_db_register_backend(&bad));
	ops = *good->backend.ops;
	ops.free = NULL;
	KUNIT_EXPECT_EQ(test, -EINVAL, pci_ep_db_register_backend(&bad));
}

static void registry_refuses_duplicates(struct kunit *test)
{
	struct fake_epc *other = fake_epc_create(test);
	struct fake_test *ft = test->priv;
	struct fake_backend *one = bus_backend(ft->fake, "same", 1);
	struct fake_backend *two = bus_backend(ft->fake, "same", 1);
	struct fake_backend *elsewhere = bus_backend(other, "same", 1);

	fake_backend_register(one);
	KUNIT_EXPECT_EQ(test, -EEXIST, pci_ep_db_register_backend(&one->backend));
	KUNIT_EXPECT_EQ(test, -EEXIST, pci_ep_db_register_backend(&two->backend));
	fake_backend_register(elsewhere);
	fake_backend_unregister(one);
	fake_backend_register(two);
}

static void registry_order_of_types(struct kunit *test)
{
	struct fake_test *ft = test->priv;
	struct pci_ep_db_request req = fake_request(ft->log, PCI_EP_DB_KICK, 1,
						    PCI_EP_DB_EMBEDDED);
	struct fake_backend *a = bus_backend(ft->fake, "a", 1);
	struct fake_backend *b = bus_backend(ft->fake, "b", 1);

	a->backend.type = PCI_EP_DB_MSI;
	b->backend.type = PCI_EP_DB_EMBEDDED;
	a->backend.epc = ft->fake->epc;
	fake_backend_register(a);
	fake_backend_register(b);

	req.types[1] = PCI_EP_DB_MSI;
	req.num_types = 2;
	KUNIT_EXPECT_STREQ(test, "b", chosen(ft, &req));
	req.types[0] = PCI_EP_DB_MSI;
	req.types[1] = PCI_EP_DB_EMBEDDED;
	KUNIT_EXPECT_STREQ(test, "a", chosen(ft, &req));
	/* The default order is that of the types. */
	req.num_types = 0;
	KUNIT_EXPECT_STREQ(test, "a", chosen(ft, &req));
	/* A preference does not outweigh the order of types. */
	a->offer.caps = 0;
	req.prefer = PCI_EP_DB_DISTINCT | PCI_EP_DB_EXACT;
	KUNIT_EXPECT_STREQ(test, "a", chosen(ft, &req));
	/* What is required does. */
	req.require = PCI_EP_DB_EXACT;
	KUNIT_EXPECT_STREQ(test, "b", chosen(ft, &req));
}

static void registry_most_preferences(struct kunit *test)
{
	struct fake_test *ft = test->priv;
	struct pci_ep_db_request req = fake_kicks(ft, 1);
	struct fake_backend *a = bus_backend(ft->fake, "a", 1);
	struct fake_backend *b = bus_backend(ft->fake, "b", 1);

	a->offer.caps = PCI_EP_DB_DISTINCT;
	fake_backend_register(a);
	fake_backend_register(b);

	req.prefer = PCI_EP_DB_DISTINCT | PCI_EP_DB_EXACT;
	KUNIT_EXPECT_STREQ(test, "b", chosen(ft, &req));
	/* What was not preferred does not count. */
	req.prefer = PCI_EP_DB_DISTINCT;
	KUNIT_EXPECT_STREQ(test, "a", chosen(ft, &req));
}

static void registry_prefers_isolated(struct kunit *test)
{
	struct fake_test *ft = test->priv;
	struct pci_ep_db_request req = fake_kicks(ft, 1);
	struct fake_backend *a = bus_backend(ft->fake, "a", 1);
	struct fake_backend *b = bus_backend(ft->fake, "b", 1);

	b->clear_size = SZ_64K;
	fake_backend_register(a);
	fake_backend_register(b);

	KUNIT_EXPECT_STREQ(test, "a", chosen(ft, &req));
	req.prefer = PCI_EP_DB_ISOLATED;
	KUNIT_EXPECT_STREQ(test, "b", chosen(ft, &req));
}

static void registry_requires_isolated(struct kunit *test)
{
	struct fake_test *ft = test->priv;
	struct pci_ep_db_request req = fake_kicks(ft, 1);
	struct fake_backend *a = bus_backend(ft->fake, "a", 1);
	struct fake_backend *b = bus_backend(ft->fake, "b", 1);
	struct pci_ep_db_set *set;

	b->clear_size = SZ_64K;
	fake_backend_register(a);
	fake_backend_register(b);

	req.require = PCI_EP_DB_ISOLATED;
	set = fake_alloc(ft->fake, &req);
	KUNIT_EXPECT_STREQ(test, "b", set->backend->name);
	KUNIT_EXPECT_TRUE(test, pci_ep_db_caps(set) & PCI_EP_DB_ISOLATED);
	KUNIT_EXPECT_EQ(test, a->allocs, a->frees);
	fake_free(ft->fake, set);

	req.require = 0;
	set = fake_alloc(ft->fake, &req);
	KUNIT_EXPECT_FALSE(test, pci_ep_db_caps(set) & PCI_EP_DB_ISOLATED);
}

static unsigned int logged;

static void count_logged(const struct pci_ep_db_set_priv *set)
{
	logged++;
}

/* What the log says of a request for doorbells in @bar, in lines */
static unsigned int lines_logged(struct fake_test *ft, struct pci_epf *epf, enum pci_barno bar,
				 enum pci_ep_db_type type)
{
	struct pci_ep_db_request req = fake_request(ft->log, PCI_EP_DB_KICK, 1, type);
	struct pci_ep_db_set *set;

	logged = 0;
	req.bar = bar;
	set = pci_ep_db_alloc(epf, &req);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(ft->fake->test, set);
	pci_ep_db_free(set);

	return logged;
}

/* A window that is not isolated: once for an EPF, a BAR, and what is seen there */
static void registry_logs_exposed_once(struct kunit *test)
{
	struct fake_test *ft = test->priv;
	struct pci_epf *epf = ft->fake->epf, *other = fake_epf_create(ft->fake);
	struct fake_backend *second = bus_backend(ft->fake, "second", 1);

	fake_backend_register(ft->bus);
	second->backend.type = PCI_EP_DB_MSI;
	fake_backend_register(second);
	kunit_activate_static_stub(test, pci_ep_db_log_exposed, count_logged);

	KUNIT_EXPECT_EQ(test, 1, lines_logged(ft, epf, BAR_2, PCI_EP_DB_CONTROLLER));
	KUNIT_EXPECT_EQ(test, 0, lines_logged(ft, epf, BAR_2, PCI_EP_DB_CONTROLLER));
	KUNIT_EXPECT_EQ(test, 1, lines_logged(ft, epf, BAR_3, PCI_EP_DB_CONTROLLER));
	KUNIT_EXPECT_EQ(test, 1, lines_logged(ft, epf, BAR_2, PCI_EP_DB_MSI));
	KUNIT_EXPECT_EQ(test, 1, lines_logged(ft, other, BAR_2, PCI_EP_DB_CONTROLLER));
	KUNIT_EXPECT_EQ(test, 0, lines_logged(ft, other, BAR_2, PCI_EP_DB_CONTROLLER));
	KUNIT_EXPECT_EQ(test, 0, lines_logged(ft, epf, BAR_3, PCI_EP_DB_CONTROLLER));

	second->clear_size = SZ_64K;
	KUNIT_EXPECT_EQ(test, 0, lines_logged(ft, epf, BAR_4, PCI_EP_DB_MSI));
}

static void registry_fewest_windows(struct kunit *test)
{
	struct fake_test *ft = test->priv;
	struct pci_ep_db_request req = fake_kicks(ft, 1);
	struct fake_backend *bus = bus_backend(ft->fake, "a", 1);
	struct fake_backend *fixed = fake_backend_create(ft->fake, "b", PCI_EP_DB_FORM_BAR);

	ft->fake->features.bar[BAR_4].type = BAR_RESERVED;
	fixed->first_reg = fake_add_reg(ft->fake, FAKE_MMIO + SZ_2M, 1, 1);
	ft->fake->reg[fixed->first_reg].bar = BAR_4;
	ft->fake->reg[fixed->first_reg].offset = 0xa0;
	fake_backend_register(bus);
	fake_backend_register(fixed);

	KUNIT_EXPECT_STREQ(test, "b", chosen(ft, &req));
}

/* A window in place of a mapping that is there is not one more, memory in a new BAR is. */
static void registry_fewest_windows_lent(struct kunit *test)
{
	struct fake_test *ft = test->priv;
	struct pci_ep_db_request req = fake_kicks(ft, 1);
	struct fake_backend *bus = bus_backend(ft->fake, "b", 1);
	struct fake_backend *memory = fake_backend_create(ft->fake, "a", PCI_EP_DB_FORM_MEMORY);

	fake_backend_register(memory);
	fake_backend_register(bus);

	req.bar = FAKE_MEM_BAR;
	req.lend = BIT(FAKE_MEM_BAR);
	/* Both go into the lent BAR, without one more window: names decide. */
	KUNIT_EXPECT_STREQ(test, "a", chosen(ft, &req));
}

static void registry_order_of_registration(struct kunit *test)
{
	struct fake_test *ft = test->priv;
	struct pci_ep_db_request req = fake_kicks(ft, 1);
	struct fake_backend *a = bus_backend(ft->fake, "a", 1);
	struct fake_backend *b = bus_backend(ft->fake, "b", 1);
	const char *first;

	fake_backend_register(a);
	fake_backend_register(b);
	first = chosen(ft, &req);
	fake_backend_unregister(a);
	fake_backend_register(a);
	KUNIT_EXPECT_STREQ(test, first, chosen(ft, &req));
}

static void registry_other_controller(struct kunit *test)
{
	struct fake_epc *other = fake_epc_create(test);
	struct fake_test *ft = test->priv;
	struct pci_ep_db_request req = fake_kicks(ft, 1);
	struct fake_backend *theirs = bus_backend(other, "theirs", 1);
	struct fake_backend *every = bus_backend(ft->fake, "every", 1);

	fake_backend_register(theirs);
	KUNIT_EXPECT_EQ(test, -EOPNOTSUPP, fake_alloc_fails(ft->fake, &req));
	KUNIT_EXPECT_EQ(test, 0, theirs->queries);

	every->backend.epc = NULL;
	fake_backend_register(every);
	KUNIT_EXPECT_STREQ(test, "every", chosen(ft, &req));
	KUNIT_EXPECT_EQ(test, 0, theirs->queries);
}

static void registry_late_provider(struct kunit *test)
{
	struct fake_test *ft = test->priv;
	struct pci_ep_db_request req = fake_kicks(ft, 1);
	struct fake_backend *fb = bus_backend(ft->fake, "late", 1);
	struct pci_ep_db_set *set;

	KUNIT_EXPECT_EQ(test, -EOPNOTSUPP, fake_alloc_fails(ft->fake, &req));
	fake_backend_register(fb);
	set = fake_alloc(ft->fake, &req);
	KUNIT_ASSERT_EQ(test, 0, pci_ep_db_enable(set));
	KUNIT_EXPECT_EQ(test, 0, fake_ring(ft->fake, set, 0));
	KUNIT_EXPECT_EQ(test, 1, atomic_read(&ft->log->calls));
}

static void expect_reason(struct kunit *test, const struct pci_ep_db_request *req,
			  const char *reason)
{
	struct fake_test *ft = test->priv;

	KUNIT_EXPECT_EQ(test, -EOPNOTSUPP, fake_alloc_fails(ft->fake, req));
	KUNIT_EXPECT_TRUE_MSG(test, fake_refused(test, "talker", reason),
			      "no reason like \"%s\"", reason);
}

static void registry_keeps_reasons(struct kunit *test)
{
	struct fake_test *ft = test->priv;
	struct pci_ep_db_request req = fake_kicks(ft, 1);
	struct fake_backend *fb = bus_backend(ft->fake, "talker", 1);

	fake_backend_register(fb);
	fb->query_ret = pci_ep_db_refuse(&fb->offer, "the %s is closed", "shop");
	KUNIT_EXPECT_EQ(test, -EOPNOTSUPP, fb->query_ret);
	expect_reason(test, &req, "the shop is closed");

	fb->offer.reason[0] = '\0';
	expect_reason(test, &req, "no reason given");

	fb->query_ret = 0;
	req.types[0] = PCI_EP_DB_MSI;
	expect_reason(test, &req, "not among the types");
	req.types[0] = PCI_EP_DB_CONTROLLER;

	fb->offer.caps = PCI_EP_DB_EXACT;
	req.require = PCI_EP_DB_DISTINCT;
	expect_reason(test, &req, "told apart");
	fb->offer.caps = PCI_EP_DB_DISTINCT;
	req.require = PCI_EP_DB_EXACT;
	expect_reason(test, &req, "when nobody rang");
	req.require = PCI_EP_DB_ISOLATED;
	expect_reason(test, &req, "no place");
	req.require = 0;

	req.kind = PCI_EP_DB_VALUE;
	expect_reason(test, &req, "value");
	req.kind = PCI_EP_DB_MAILBOX;
	expect_reason(test, &req, "value");
	req.kind = PCI_EP_DB_KICK;

	fb->offer.max_count = 3;
	req.count = 4;
	expect_reason(test, &req, "3 doorbells at most");
	req.count = 1;
	fb->offer.max_count = 4;

	fb->alloc_ret = -ENOSPC;
	expect_reason(test, &req, "allocation: -ENOSPC");
}

static void registry_tells_who_was_not_asked(struct kunit *test)
{
	struct fake_test *ft = test->priv;
	struct pci_ep_db_request req = fake_kicks(ft, 1);

	fake_backend_register(bus_backend(ft->fake, "a", 1));
	fake_backend_register(bus_backend(ft->fake, "b", 1));
	KUNIT_EXPECT_STREQ(test, "a", chosen(ft, &req));
	KUNIT_EXPECT_TRUE(test, fake_refused(test, "b", "a comes first"));
	KUNIT_EXPECT_TRUE(test, fake_refused(test, "poll", "not among the types"));
}

/* Every call on a set whose backend is gone */
static void expect_gone(struct kunit *test, struct pci_ep_db_set *set)
{
	struct pci_ep_db_location loc;
	u32 value;

	KUNIT_EXPECT_EQ(test, -ENODEV, pci_ep_db_enable(set));
	KUNIT_EXPECT_EQ(test, -ENODEV, pci_ep_db_enable_one(set, 0));
	KUNIT_EXPECT_EQ(test, -ENODEV, pci_ep_db_location(set, 0, &loc));
	KUNIT_EXPECT_EQ(test, -ENODEV, pci_ep_db_value(set, 0, &value));
	KUNIT_EXPECT_EQ(test, -ENODEV, pci_ep_db_rearm(set, 0, 0));
	/* These have nothing to return; they must not touch the backend. */
	pci_ep_db_expect(set);
	pci_ep_db_disable(set);
	pci_ep_db_disable_one(set, 0);
}

/* The backend goes away under a holder whose doorbells are in @bar of his request. */
static void unregister_under_holder(struct kunit *test, const struct pci_ep_db_request *req)
{
	struct fake_test *ft = test->priv;
	struct fake_backend *fb = bus_backend(ft->fake, "leaver", 2);
	struct pci_ep_db_location loc;
	struct pci_ep_db_set *set;

	fake_backend_register(fb);
	set = fake_alloc(ft->fake, req);
	KUNIT_ASSERT_EQ(test, 0, pci_ep_db_enable(set));
	KUNIT_ASSERT_EQ(test, 0, pci_ep_db_location(set, 1, &loc));
	KUNIT_ASSERT_EQ(test, 0, fake_ring(ft->fake, set, 1));
	KUNIT_EXPECT_EQ(test, 1, atomic_read(&ft->log->calls));

	fake_backend_unregister(fb);
	KUNIT_EXPECT_EQ(test, 1, atomic_read(&ft->log->gone));
	KUNIT_EXPECT_EQ(test, 1, fb->stops);
	KUNIT_EXPECT_EQ(test, 1, fb->frees);
	KUNIT_EXPECT_EQ(test, 0, fb->backend.users);
	KUNIT_EXPECT_EQ(test, 0, fake_requested(ft->fake));
	expect_gone(test, set);

	/* The host does not know yet: its write arrives, but at nobody. */
	KUNIT_EXPECT_EQ(test, 0, fake_host_write(ft->fake, ft->fake->epf, loc.bar, loc.offset,
						 loc.data));
	KUNIT_EXPECT_EQ(test, 1, atomic_read(&ft->fake->reg[fb->first_reg + 1].writes));
	KUNIT_EXPECT_EQ(test, 1, atomic_read(&ft->log->calls));

	fake_free(ft->fake, set);
	KUNIT_EXPECT_EQ(test, 1, atomic_read(&ft->log->gone));
	KUNIT_EXPECT_EQ(test, 1, fb->frees);
	fake_expect_as_before(ft->fake, &ft->before);
}

static void registry_unregister_claimed(struct kunit *test)
{
	struct fake_test *ft = test->priv;
	struct pci_ep_db_request req = fake_kicks(ft, 2);

	unregister_under_holder(test, &req);
}

static void registry_unregister_lent(struct kunit *test)
{
	struct fake_test *ft = test->priv;
	struct pci_ep_db_request req = fake_kicks(ft, 2);

	req.bar = FAKE_MEM_BAR;
	req.lend = BIT(FAKE_MEM_BAR);
	unregister_under_holder(test, &req);
}

static void registry_unregister_without_gone(struct kunit *test)
{
	struct fake_test *ft = test->priv;
	struct pci_ep_db_request req = fake_kicks(ft, 1);
	struct fake_backend *fb = bus_backend(ft->fake, "leaver", 1);
	struct pci_ep_db_set *set;

	fake_backend_register(fb);
	req.gone = NULL;
	set = fake_alloc(ft->fake, &req);
	fake_backend_unregister(fb);
	KUNIT_EXPECT_EQ(test, 1, fb->frees);
	expect_gone(test, set);
}

/* Without memory for a scratch page the BAR is cleared: nothing is shown. */
static void registry_unregister_without_memory(struct kunit *test)
{
	struct fake_test *ft = test->priv;
	struct pci_ep_db_request req = fake_kicks(ft, 1);
	struct fake_backend *fb = bus_backend(ft->fake, "leaver", 1);
	struct pci_ep_db_location loc;
	struct pci_ep_db_set *set;

	fake_backend_register(fb);
	set = fake_alloc(ft->fake, &req);
	KUNIT_ASSERT_EQ(test, 0, pci_ep_db_location(set, 0, &loc));
	ft->fake->fail_set_bar = BIT(0);
	fake_backend_unregister(fb);
	KUNIT_EXPECT_EQ(test, -ENXIO,
			fake_host_write(ft->fake, ft->fake->epf, loc.bar, loc.offset, loc.data));
	KUNIT_EXPECT_EQ(test, 0, atomic_read(&ft->fake->reg[fb->first_reg].writes));
	fake_free(ft->fake, set);
	fake_expect_as_before(ft->fake, &ft->before);
}

static void registry_unregister_memory(struct kunit *test)
{
	struct fake_test *ft = test->priv;
	struct pci_ep_db_request req = fake_request(ft->log, PCI_EP_DB_VALUE, 4,
						    PCI_EP_DB_CONTROLLER);
	struct fake_backend *fb = fake_backend_create(ft->fake, "leaver", PCI_EP_DB_FORM_MEMORY);
	struct pci_ep_db_location loc;
	struct pci_ep_db_set *set;

	fake_backend_register(fb);
	set = fake_alloc(ft->fake, &req);
	KUNIT_ASSERT_EQ(test, 0, pci_ep_db_enable(set));
	KUNIT_ASSERT_EQ(test, 0, pci_ep_db_location(set, 3, &loc));
	fake_backend_unregister(fb);
	expect_gone(test, set);
	KUNIT_EXPECT_EQ(test, 0, fake_host_write(ft->fake, ft->fake->epf, loc.bar, loc.offset, 5));
	KUNIT_EXPECT_EQ(test, 0, atomic_read(&ft->log->calls));
	fake_free(ft->fake, set);
	fake_expect_as_before(ft->fake, &ft->before);
}

static void unregister_thread(void *data)
{
	fake_backend_unregister(data);
}

static void registry_unregister_waits(struct kunit *test)
{
	struct fake_test *ft = test->priv;
	struct pci_ep_db_request req = fake_kicks(ft, 1);
	struct fake_backend *fb = bus_backend(ft->fake, "leaver", 1);
	struct fake_thread thread;
	struct pci_ep_db_set *set;

	fake_backend_register(fb);
	req.can_sleep = true;
	set = fake_alloc(ft->fake, &req);
	ft->log->block = true;
	KUNIT_ASSERT_EQ(test, 0, pci_ep_db_enable(set));
	KUNIT_ASSERT_EQ(test, 0, fake_ring(ft->fake, set, 0));
	FAKE_WAIT(test, &ft->log->entered);

	fake_thread_run(test, &thread, unregister_thread, fb);
	KUNIT_EXPECT_EQ(test, 0, wait_for_completion_timeout(&thread.done, HZ / 10));
	KUNIT_EXPECT_EQ(test, 0, atomic_read(&ft->log->gone));
	KUNIT_EXPECT_EQ(test, 0, fb->frees);
	complete_all(&ft->log->release);
	fake_thread_wait(test, &thread);
	KUNIT_EXPECT_EQ(test, 1, atomic_read(&ft->log->gone));
	KUNIT_EXPECT_EQ(test, 1, fb->frees);
	KUNIT_EXPECT_EQ(test, 1, atomic_read(&ft->log->calls));
}

static void registry_free_in_gone(struct kunit *test)
{
	struct fake_test *ft = test->priv;
	struct pci_ep_db_request req = fake_kicks(ft, 1);
	struct fake_backend *fb = bus_backend(ft->fake, "leaver", 1);
	struct pci_ep_db_set *set;
	unsigned int i;

	ft->log->free_in_gone = true;
	for (i = 0; i < 3; i++) {
		fake_backend_register(fb);
		set = pci_ep_db_alloc(ft->fake->epf, &req);
		KUNIT_ASSERT_NOT_ERR_OR_NULL(test, set);
		KUNIT_ASSERT_EQ(test, 0, pci_ep_db_enable(set));
		fake_backend_unregister(fb);
		KUNIT_EXPECT_EQ(test, i + 1, atomic_read(&ft->log->gone));
		fake_expect_as_before(ft->fake, &ft->before);
	}
}

static void free_thread(void *data)
{
	pci_ep_db_free(data);
}

/* Whoever comes first: the set ends once, and both return. */
static void registry_free_races_unregister(struct kunit *test)
{
	struct fake_test *ft = test->priv;
	struct pci_ep_db_request req = fake_kicks(ft, 2);
	struct fake_backend *fb = bus_backend(ft->fake, "leaver", 2);
	struct fake_thread freer, leaver;
	struct pci_ep_db_set *set;
	unsigned int i;

	for (i = 0; i < 50; i++) {
		fake_backend_register(fb);
		set = pci_ep_db_alloc(ft->fake->epf, &req);
		KUNIT_ASSERT_NOT_ERR_OR_NULL(test, set);
		KUNIT_ASSERT_EQ(test, 0, pci_ep_db_enable(set));
		if (i & 1) {
			fake_thread_run(test, &leaver, unregister_thread, fb);
			fake_thread_run(test, &freer, free_thread, set);
		} else {
			fake_thread_run(test, &freer, free_thread, set);
			fake_thread_run(test, &leaver, unregister_thread, fb);
		}
		fake_thread_wait(test, &freer);
		fake_thread_wait(test, &leaver);
		KUNIT_ASSERT_EQ(test, i + 1, fb->frees);
		KUNIT_ASSERT_EQ(test, i + 1, fb->stops);
	}
	KUNIT_EXPECT_LE(test, atomic_read(&ft->log->gone), i);
	fake_expect_as_before(ft->fake, &ft->before);
}

/* The holder came first and is in the middle of it: unregistering waits, and is woken. */
static void registry_unregister_waits_for_free(struct kunit *test)
{
	struct fake_test *ft = test->priv;
	struct pci_ep_db_request req = fake_kicks(ft, 1);
	struct fake_backend *fb = bus_backend(ft->fake, "leaver", 1);
	struct fake_thread freer, leaver;
	struct pci_ep_db_set *set;

	fake_backend_register(fb);
	fb->block_stop = true;
	set = pci_ep_db_alloc(ft->fake->epf, &req);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, set);

	fake_thread_run(test, &freer, free_thread, set);
	FAKE_WAIT(test, &fb->stopping);
	fake_thread_run(test, &leaver, unregister_thread, fb);
	fake_thread_wait_asleep(test, &leaver);
	KUNIT_EXPECT_EQ(test, 0, fb->frees);
	complete(&fb->release);
	fake_thread_wait(test, &leaver);
	KUNIT_EXPECT_EQ(test, 1, fb->frees);
	fake_thread_wait(test, &freer);
	KUNIT_EXPECT_EQ(test, 1, fb->stops);
	KUNIT_EXPECT_EQ(test, 0, atomic_read(&ft->log->gone));
}

struct gone_wait {
	struct fake_log		*log;
	struct completion	told;
	struct completion	go_on;
};

static void gone_that_waits(struct pci_ep_db_set *set, void *priv)
{
	struct gone_wait *wait = ((struct fake_log *)priv)->data;

	atomic_inc(&wait->log->gone);
	complete(&wait->told);
	wait_for_completion(&wait->go_on);
}

/* The holder is being told: a free by another thread does not overtake that. */
static void registry_free_waits_for_gone(struct kunit *test)
{
	struct fake_test *ft = test->priv;
	struct pci_ep_db_request req = fake_kicks(ft, 1);
	struct fake_backend *fb = bus_backend(ft->fake, "leaver", 1);
	struct gone_wait wait = { .log = ft->log };
	struct fake_thread freer, leaver;
	struct pci_ep_db_set *set;

	init_completion(&wait.told);
	init_completion(&wait.go_on);
	ft->log->data = &wait;
	req.gone = gone_that_waits;
	fake_backend_register(fb);
	set = pci_ep_db_alloc(ft->fake->epf, &req);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, set);

	fake_thread_run(test, &leaver, unregister_thread, fb);
	FAKE_WAIT(test, &wait.told);
	expect_gone(test, set);
	fake_thread_run(test, &freer, free_thread, set);
	KUNIT_EXPECT_EQ(test, 0, wait_for_completion_timeout(&freer.done, HZ / 10));
	complete(&wait.go_on);
	fake_thread_wait(test, &freer);
	fake_thread_wait(test, &leaver);
	KUNIT_EXPECT_EQ(test, 1, atomic_read(&ft->log->gone));
}

/* A set of another backend stays as it is. */
static void registry_unregister_leaves_others(struct kunit *test)
{
	struct fake_test *ft = test->priv;
	struct fake_log *theirs = fake_log_create(ft->fake);
	struct pci_ep_db_request req = fake_kicks(ft, 1);
	struct fake_backend *a = bus_backend(ft->fake, "a", 1);
	struct fake_backend *b = bus_backend(ft->fake, "b", 1);
	struct pci_ep_db_set *set;

	fake_backend_register(a);
	fake_alloc(ft->fake, &req);
	a->query_ret = -EOPNOTSUPP;
	fake_backend_register(b);
	req.priv = theirs;
	set = fake_alloc(ft->fake, &req);
	KUNIT_ASSERT_EQ(test, 0, pci_ep_db_enable(set));

	fake_backend_unregister(a);
	KUNIT_EXPECT_EQ(test, 1, atomic_read(&ft->log->gone));
	KUNIT_EXPECT_EQ(test, 0, atomic_read(&theirs->gone));
	KUNIT_EXPECT_EQ(test, 0, fake_ring(ft->fake, set, 0));
	KUNIT_EXPECT_EQ(test, 1, atomic_read(&theirs->calls));
}

/* What the README shows works on any controller. */
static void registry_readme_example(struct kunit *test)
{
	struct fake_test *ft = test->priv;
	struct pci_ep_db_location loc;
	struct pci_ep_db_set *set;

	if (!IS_ENABLED(CONFIG_PCI_EP_DOORBELL_POLL))
		kunit_skip(test, "no poll backend");
	set = my_get_doorbells(ft->fake->epf, NULL);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, set);
	KUNIT_EXPECT_EQ(test, 8, pci_ep_db_count(set));
	KUNIT_EXPECT_EQ(test, 0, pci_ep_db_location(set, 7, &loc));
	KUNIT_EXPECT_EQ(test, BAR_2, loc.bar);
	KUNIT_EXPECT_EQ(test, 0, pci_ep_db_enable(set));
	KUNIT_EXPECT_EQ(test, 0, fake_ring(ft->fake, set, 7));
	pci_ep_db_free(set);
}

static struct kunit_case registry_cases[] = {
	KUNIT_CASE(registry_refuses_bad_backends),
	KUNIT_CASE(registry_refuses_duplicates),
	KUNIT_CASE(registry_order_of_types),
	KUNIT_CASE(registry_most_preferences),
	KUNIT_CASE(registry_prefers_isolated),
	KUNIT_CASE(registry_requires_isolated),
	KUNIT_CASE(registry_logs_exposed_once),
	KUNIT_CASE(registry_fewest_windows),
	KUNIT_CASE(registry_fewest_windows_lent),
	KUNIT_CASE(registry_order_of_registration),
	KUNIT_CASE(registry_other_controller),
	KUNIT_CASE(registry_late_provider),
	KUNIT_CASE(registry_keeps_reasons),
	KUNIT_CASE(registry_tells_who_was_not_asked),
	KUNIT_CASE(registry_readme_example),
	KUNIT_CASE(registry_unregister_claimed),
	KUNIT_CASE(registry_unregister_lent),
	KUNIT_CASE(registry_unregister_without_gone),
	KUNIT_CASE(registry_unregister_without_memory),
	KUNIT_CASE(registry_unregister_memory),
	KUNIT_CASE(registry_unregister_waits),
	KUNIT_CASE(registry_free_in_gone),
	KUNIT_CASE(registry_free_races_unregister),
	KUNIT_CASE(registry_unregister_waits_for_free),
	KUNIT_CASE(registry_free_waits_for_gone),
	KUNIT_CASE(registry_unregister_leaves_others),
	{}
};

static struct kunit_suite registry_suite = {
	.name = "pci-ep-doorbell-registry",
	.init = fake_test_init,
	.test_cases = registry_cases,
};

kunit_test_suites(&registry_suite);

MODULE_DESCRIPTION("KUnit tests of PCI endpoint doorbells");
MODULE_LICENSE("GPL");
MODULE_IMPORT_NS("EXPORTED_FOR_KUNIT_TESTING");
