// SPDX-License-Identifier: GPL-2.0
/*
 * PCI endpoint doorbells: tests of sets that wait for a provider
 */

#include <kunit/platform_device.h>
#include <kunit/test.h>
#include <linux/platform_device.h>
#include <linux/sizes.h>

#include "pci-ep-doorbell-fake.h"
#include "pci-ep-doorbell-internal.h"

/* No test waits for so long, in ms */
#define LONG	(FAKE_TIMEOUT / HZ * 10 * MSEC_PER_SEC)

/**
 * struct waiter - an EPF that can wait
 * @told: completed by ready
 * @calls: how often ready was called
 * @err: what it was told
 * @set: of which set
 * @sleepable: it was told where it may sleep
 * @free: ready frees the set
 * @block: ready waits for @release
 * @entered: completed by a ready that is about to wait
 * @release: see @block
 */
struct waiter {
	struct completion	told;
	atomic_t		calls;
	int			err;
	struct pci_ep_db_set	*set;
	bool			sleepable;
	bool			free;
	bool			block;
	struct completion	entered;
	struct completion	release;
};

static void waiter_ready(struct pci_ep_db_set *set, int err, void *priv)
{
	struct waiter *waiter = ((struct fake_log *)priv)->data;

	atomic_inc(&waiter->calls);
	waiter->err = err;
	waiter->set = set;
	waiter->sleepable = preemptible();
	if (waiter->block) {
		complete(&waiter->entered);
		wait_for_completion(&waiter->release);
	}
	/* It takes the core's mutex. */
	if (waiter->free)
		pci_ep_db_free(set);
	complete(&waiter->told);
}

static struct waiter *waiter_create(struct fake_test *ft, struct fake_log *log)
{
	struct waiter *waiter = kunit_kzalloc(ft->fake->test, sizeof(*waiter), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(ft->fake->test, waiter);
	init_completion(&waiter->told);
	init_completion(&waiter->entered);
	init_completion(&waiter->release);
	log->data = waiter;

	return waiter;
}

static struct waiter *waiter_of(struct fake_test *ft)
{
	return ft->log->data;
}

/* A request that would rather have msi than embedded, and can wait */
static struct pci_ep_db_request waiting_request(struct fake_test *ft)
{
	struct pci_ep_db_request req = fake_request(ft->log, PCI_EP_DB_KICK, 2, PCI_EP_DB_MSI);

	req.types[1] = PCI_EP_DB_EMBEDDED;
	req.num_types = 2;
	req.ready = waiter_ready;

	return req;
}

/* "bus" is msi, and not there yet. */
static void expect_bus(struct fake_test *ft)
{
	ft->bus->backend.type = PCI_EP_DB_MSI;
	ft->bus->query_ret = -EPROBE_DEFER;
	strscpy(ft->bus->offer.reason, "the bus is late");
	fake_backend_register(ft->bus);
}

static void bus_appears(struct fake_test *ft)
{
	WRITE_ONCE(ft->bus->query_ret, 0);
}

/* "memory" is the next one, embedded. */
static void register_next(struct fake_test *ft)
{
	ft->memory->backend.type = PCI_EP_DB_EMBEDDED;
	fake_backend_register(ft->memory);
}

static void set_timeout(unsigned int ms)
{
	WRITE_ONCE(pci_ep_db_provider_timeout, ms);
}

/* A set that is pending, and awaited */
static struct pci_ep_db_set *pending_set(struct fake_test *ft, const struct pci_ep_db_request *req)
{
	struct pci_ep_db_set *set = fake_alloc(ft->fake, req);

	KUNIT_ASSERT_TRUE(ft->fake->test, pci_ep_db_await(set));

	return set;
}

/* Every call on the set gives @err. */
static void expect_calls(struct kunit *test, struct pci_ep_db_set *set, int err)
{
	struct pci_ep_db_location loc;
	u32 value;

	KUNIT_EXPECT_EQ(test, err, pci_ep_db_enable(set));
	KUNIT_EXPECT_EQ(test, err, pci_ep_db_enable_one(set, 0));
	KUNIT_EXPECT_EQ(test, err, pci_ep_db_location(set, 0, &loc));
	KUNIT_EXPECT_EQ(test, err, pci_ep_db_value(set, 0, &value));
	KUNIT_EXPECT_EQ(test, err, pci_ep_db_rearm(set, 0, 0));
	KUNIT_EXPECT_EQ(test, 0, pci_ep_db_count(set));
	KUNIT_EXPECT_EQ(test, 0, pci_ep_db_caps(set));
	pci_ep_db_expect(set);
	pci_ep_db_disable(set);
	pci_ep_db_disable_one(set, 0);
}

/* It is told once that the set has doorbells of @backend. */
static void expect_told(struct fake_test *ft, struct pci_ep_db_set *set, const char *backend)
{
	struct kunit *test = ft->fake->test;
	struct waiter *waiter = waiter_of(ft);

	FAKE_WAIT(test, &waiter->told);
	KUNIT_EXPECT_EQ(test, 1, atomic_read(&waiter->calls));
	KUNIT_EXPECT_EQ(test, 0, waiter->err);
	KUNIT_EXPECT_PTR_EQ(test, set, waiter->set);
	KUNIT_EXPECT_TRUE(test, waiter->sleepable);
	KUNIT_EXPECT_FALSE(test, pci_ep_db_await(set));
	KUNIT_EXPECT_STREQ(test, backend, set->backend->name);
	KUNIT_EXPECT_EQ(test, 2, pci_ep_db_count(set));
}

static void expect_rings(struct fake_test *ft, struct pci_ep_db_set *set)
{
	struct kunit *test = ft->fake->test;

	KUNIT_EXPECT_EQ(test, 0, pci_ep_db_enable(set));
	KUNIT_EXPECT_EQ(test, 0, fake_ring(ft->fake, set, 1));
	if (set->backend == &ft->memory->backend)
		KUNIT_EXPECT_TRUE(test, pci_ep_db_poll(set));
	KUNIT_EXPECT_EQ(test, 1, atomic_read(&ft->log->calls));
	KUNIT_EXPECT_EQ(test, 1, ft->log->index[0]);
}

/* It is not pending, and nobody is told. */
static void expect_at_once(struct fake_test *ft, const struct pci_ep_db_request *req,
			   const char *backend)
{
	struct pci_ep_db_set *set = fake_alloc(ft->fake, req);
	struct kunit *test = ft->fake->test;

	KUNIT_EXPECT_FALSE(test, pci_ep_db_await(set));
	KUNIT_ASSERT_NOT_NULL(test, set->backend);
	KUNIT_EXPECT_STREQ(test, backend, set->backend->name);
	fake_free(ft->fake, set);
	KUNIT_EXPECT_EQ(test, 0, atomic_read(&waiter_of(ft)->calls));
}

static void pending_provider_appears(struct kunit *test)
{
	struct fake_test *ft = test->priv;
	struct pci_ep_db_request req = waiting_request(ft);
	struct pci_ep_db_set *set;

	expect_bus(ft);
	register_next(ft);
	set = pending_set(ft, &req);
	expect_calls(test, set, -EAGAIN);
	KUNIT_EXPECT_EQ(test, 0, ft->memory->allocs);
	fake_expect_as_before(ft->fake, &ft->before);

	bus_appears(ft);
	expect_told(ft, set, "bus");
	expect_rings(ft, set);
	fake_free(ft->fake, set);
	fake_expect_as_before(ft->fake, &ft->before);
}

static void pending_provider_never_appears(struct kunit *test)
{
	struct fake_test *ft = test->priv;
	struct pci_ep_db_request req = waiting_request(ft);
	struct pci_ep_db_set *set;

	expect_bus(ft);
	register_next(ft);
	set_timeout(1);
	set = pending_set(ft, &req);
	expect_told(ft, set, "memory");
	expect_rings(ft, set);
	KUNIT_EXPECT_TRUE(test, fake_refused(test, "bus", "the bus is late"));
	/* It does not change its mind. */
	bus_appears(ft);
	fake_backend_unregister(ft->bus);
	KUNIT_EXPECT_STREQ(test, "memory", set->backend->name);
	fake_free(ft->fake, set);
	fake_expect_as_before(ft->fake, &ft->before);
}

/* The EPF may not have stored the set yet. */
static void pending_not_told_before_awaited(struct kunit *test)
{
	struct fake_test *ft = test->priv;
	struct pci_ep_db_request req = waiting_request(ft);
	struct pci_ep_db_set *set;

	expect_bus(ft);
	set_timeout(0);
	set = fake_alloc(ft->fake, &req);
	bus_appears(ft);
	/* This has those asked again that wait. */
	register_next(ft);
	fake_backend_unregister(ft->memory);
	KUNIT_EXPECT_EQ(test, 0, atomic_read(&waiter_of(ft)->calls));
	expect_calls(test, set, -EAGAIN);

	KUNIT_EXPECT_TRUE(test, pci_ep_db_await(set));
	expect_told(ft, set, "bus");
}

static void pending_none_expected(struct kunit *test)
{
	struct fake_test *ft = test->priv;
	struct pci_ep_db_request req = waiting_request(ft);

	expect_bus(ft);
	register_next(ft);
	ft->bus->query_ret = -EOPNOTSUPP;
	expect_at_once(ft, &req, "memory");
}

static void pending_nobody_can_wait(struct kunit *test)
{
	struct fake_test *ft = test->priv;
	struct pci_ep_db_request req = waiting_request(ft);

	expect_bus(ft);
	register_next(ft);
	req.ready = NULL;
	expect_at_once(ft, &req, "memory");
	fake_backend_unregister(ft->memory);
	KUNIT_EXPECT_EQ(test, -EOPNOTSUPP, fake_alloc_fails(ft->fake, &req));
}

/* What comes later in the EPF's order is not waited for. */
static void pending_better_is_there(struct kunit *test)
{
	struct fake_test *ft = test->priv;
	struct pci_ep_db_request req = waiting_request(ft);

	expect_bus(ft);
	register_next(ft);
	req.types[0] = PCI_EP_DB_EMBEDDED;
	req.types[1] = PCI_EP_DB_MSI;
	expect_at_once(ft, &req, "memory");
	/* Nor what is not wanted at all */
	req.num_types = 1;
	expect_at_once(ft, &req, "memory");
	/* Nor one that is as good */
	req = waiting_request(ft);
	fake_backend_unregister(ft->memory);
	ft->memory->backend.type = PCI_EP_DB_MSI;
	fake_backend_register(ft->memory);
	expect_at_once(ft, &req, "memory");
}

/* What would not do is not waited for. */
static void pending_would_not_do(struct kunit *test)
{
	struct fake_test *ft = test->priv;
	struct pci_ep_db_request req = waiting_request(ft);

	expect_bus(ft);
	register_next(ft);
	req.kind = PCI_EP_DB_VALUE;
	expect_at_once(ft, &req, "memory");
	KUNIT_EXPECT_TRUE(test, fake_refused(test, "bus", "the value that the host writes"));

	req.kind = PCI_EP_DB_KICK;
	ft->bus->offer.caps = 0;
	req.require = PCI_EP_DB_DISTINCT;
	expect_at_once(ft, &req, "memory");
	KUNIT_EXPECT_TRUE(test, fake_refused(test, "bus", "cannot be told apart"));
}

/* "memory" would be better than "bus", which is late, but has none to give. */
static struct pci_ep_db_set *set_that_memory_refused(struct fake_test *ft)
{
	struct pci_ep_db_request req = waiting_request(ft);

	expect_bus(ft);
	register_next(ft);
	ft->memory->alloc_ret = -ENOSPC;
	req.types[0] = PCI_EP_DB_EMBEDDED;
	req.types[1] = PCI_EP_DB_MSI;

	return pending_set(ft, &req);
}

/* The better one that is there may fail: then the expected one is next. */
static void pending_better_fails(struct kunit *test)
{
	struct fake_test *ft = test->priv;
	struct pci_ep_db_set *set = set_that_memory_refused(ft);

	bus_appears(ft);
	expect_told(ft, set, "bus");
}

/* The backend that could not give any has nothing to do with the set that waits. */
static void pending_better_fails_and_goes(struct kunit *test)
{
	struct fake_test *ft = test->priv;
	struct pci_ep_db_set *set = set_that_memory_refused(ft);

	KUNIT_EXPECT_NULL(test, set->backend);
	fake_backend_unregister(ft->memory);
	KUNIT_EXPECT_TRUE(test, pci_ep_db_await(set));
	fake_free(ft->fake, set);
	KUNIT_EXPECT_EQ(test, 0, ft->memory->backend.users);
}

static void pending_provider_fails(struct kunit *test)
{
	struct fake_test *ft = test->priv;
	struct pci_ep_db_request req = waiting_request(ft);
	struct pci_ep_db_set *set;

	expect_bus(ft);
	register_next(ft);
	ft->bus->start_ret = -EIO;
	set = pending_set(ft, &req);
	bus_appears(ft);
	expect_told(ft, set, "memory");
	KUNIT_EXPECT_TRUE(test, fake_refused(test, "bus", "start: -EIO"));
	KUNIT_EXPECT_EQ(test, ft->bus->allocs, ft->bus->frees);
	expect_rings(ft, set);
	fake_free(ft->fake, set);
	fake_expect_as_before(ft->fake, &ft->before);
}

static void pending_provider_unregistered(struct kunit *test)
{
	struct fake_test *ft = test->priv;
	struct pci_ep_db_request req = waiting_request(ft);
	struct pci_ep_db_set *set;

	expect_bus(ft);
	register_next(ft);
	set = pending_set(ft, &req);
	fake_backend_unregister(ft->bus);
	expect_told(ft, set, "memory");
	expect_rings(ft, set);
	KUNIT_EXPECT_EQ(test, 0, atomic_read(&ft->log->gone));
}

static void pending_no_backend(struct kunit *test)
{
	struct fake_test *ft = test->priv;
	struct pci_ep_db_request req = waiting_request(ft);
	struct pci_ep_db_set *set;

	expect_bus(ft);
	set_timeout(1);
	set = pending_set(ft, &req);
	FAKE_WAIT(test, &waiter_of(ft)->told);
	KUNIT_EXPECT_EQ(test, 1, atomic_read(&waiter_of(ft)->calls));
	KUNIT_EXPECT_EQ(test, -EOPNOTSUPP, waiter_of(ft)->err);
	expect_calls(test, set, -ENODEV);
	KUNIT_EXPECT_FALSE(test, pci_ep_db_await(set));
	/* It stays so. */
	bus_appears(ft);
	register_next(ft);
	expect_calls(test, set, -ENODEV);
	fake_free(ft->fake, set);
	KUNIT_EXPECT_EQ(test, 1, atomic_read(&waiter_of(ft)->calls));
	KUNIT_EXPECT_EQ(test, 0, atomic_read(&ft->log->gone));
	fake_expect_as_before(ft->fake, &ft->before);
}

/* The host saw a BAR with memory: that is where the doorbells come to be. */
static void pending_lent_memory(struct kunit *test)
{
	struct fake_test *ft = test->priv;
	struct pci_ep_db_request req = waiting_request(ft);
	struct pci_ep_db_location loc;
	struct pci_ep_db_set *set;

	expect_bus(ft);
	req.lend = BIT(BAR_4);
	set = fake_alloc(ft->fake, &req);
	fake_epf_set_memory(ft->fake, ft->fake->epf, BAR_4, SZ_4K);
	fake_save(ft->fake, &ft->before);
	KUNIT_ASSERT_TRUE(test, pci_ep_db_await(set));
	KUNIT_EXPECT_EQ(test, 0, fake_host_write(ft->fake, ft->fake->epf, BAR_4, 0, 0));

	bus_appears(ft);
	expect_told(ft, set, "bus");
	KUNIT_EXPECT_EQ(test, 0, pci_ep_db_location(set, 1, &loc));
	KUNIT_EXPECT_EQ(test, BAR_4, loc.bar);
	expect_rings(ft, set);
	fake_free(ft->fake, set);
	fake_expect_as_before(ft->fake, &ft->before);
}

static void pending_free(struct kunit *test)
{
	struct fake_test *ft = test->priv;
	struct pci_ep_db_request req = waiting_request(ft);

	expect_bus(ft);
	register_next(ft);
	/* Before it is awaited, and after */
	fake_free(ft->fake, fake_alloc(ft->fake, &req));
	fake_free(ft->fake, pending_set(ft, &req));
	bus_appears(ft);
	expect_at_once(ft, &req, "bus");
	fake_expect_as_before(ft->fake, &ft->before);
}

static void pending_free_in_ready(struct kunit *test)
{
	struct fake_test *ft = test->priv;
	struct pci_ep_db_request req = waiting_request(ft);
	struct waiter *waiter = waiter_of(ft);
	struct pci_ep_db_set *set;
	unsigned int i;

	expect_bus(ft);
	waiter->free = true;
	for (i = 0; i < 4; i++) {
		/* With doorbells, and without any */
		set_timeout(i & 1 ? 1 : LONG);
		ft->bus->query_ret = -EPROBE_DEFER;
		set = pci_ep_db_alloc(ft->fake->epf, &req);
		KUNIT_ASSERT_NOT_ERR_OR_NULL(test, set);
		KUNIT_ASSERT_TRUE(test, pci_ep_db_await(set));
		if (!(i & 1))
			bus_appears(ft);
		FAKE_WAIT(test, &waiter->told);
		KUNIT_EXPECT_EQ(test, i & 1 ? -EOPNOTSUPP : 0, waiter->err);
		fake_expect_as_before(ft->fake, &ft->before);
	}
	KUNIT_EXPECT_EQ(test, i, atomic_read(&waiter->calls));
	KUNIT_EXPECT_EQ(test, ft->bus->allocs, ft->bus->frees);
}

static void free_thread(void *data)
{
	pci_ep_db_free(data);
}

static void pending_free_waits_for_ready(struct kunit *test)
{
	struct fake_test *ft = test->priv;
	struct pci_ep_db_request req = waiting_request(ft);
	struct waiter *waiter = waiter_of(ft);
	struct pci_ep_db_set *set;
	struct fake_thread freer;

	expect_bus(ft);
	waiter->block = true;
	set = pci_ep_db_alloc(ft->fake->epf, &req);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, set);
	KUNIT_ASSERT_TRUE(test, pci_ep_db_await(set));
	bus_appears(ft);
	FAKE_WAIT(test, &waiter->entered);

	fake_thread_run(test, &freer, free_thread, set);
	fake_thread_wait_asleep(test, &freer);
	KUNIT_EXPECT_EQ(test, -ENODEV, pci_ep_db_enable(set));
	complete(&waiter->release);
	fake_thread_wait(test, &freer);
	KUNIT_EXPECT_TRUE(test, completion_done(&waiter->told));
	fake_expect_as_before(ft->fake, &ft->before);
}

static void appear_thread(void *data)
{
	struct fake_test *ft = data;

	bus_appears(ft);
	/* Those that wait are asked at once. */
	KUNIT_EXPECT_EQ(ft->fake->test, 0, pci_ep_db_register_backend(&ft->memory->backend));
}

/* Whoever comes first: it ends once, and nobody is told of a set that is freed. */
static void pending_free_races_provider(struct kunit *test)
{
	struct fake_test *ft = test->priv;
	struct pci_ep_db_request req = waiting_request(ft);
	struct fake_thread freer, provider;
	struct pci_ep_db_set *set;
	unsigned int i;

	expect_bus(ft);
	for (i = 0; i < 50; i++) {
		ft->bus->query_ret = -EPROBE_DEFER;
			set = pci_ep_db_alloc(ft->fake->epf, &req);
		KUNIT_ASSERT_NOT_ERR_OR_NULL(test, set);
		KUNIT_ASSERT_TRUE(test, pci_ep_db_await(set));
		fake_thread_run(test, &provider, appear_thread, ft);
		fake_thread_run(test, &freer, free_thread, set);
		fake_thread_wait(test, &freer);
		KUNIT_ASSERT_LE(test, atomic_read(&waiter_of(ft)->calls), i + 1);
		fake_thread_wait(test, &provider);
		pci_ep_db_unregister_backend(&ft->memory->backend);
		KUNIT_ASSERT_EQ(test, ft->bus->allocs, ft->bus->frees);
	}
	fake_expect_as_before(ft->fake, &ft->before);
}

static void unregister_thread(void *data)
{
	fake_backend_unregister(data);
}

/* The provider goes while its holder is being told of it: that comes first. */
static void pending_gone_waits_for_ready(struct kunit *test)
{
	struct fake_test *ft = test->priv;
	struct pci_ep_db_request req = waiting_request(ft);
	struct waiter *waiter = waiter_of(ft);
	struct fake_thread leaver;
	struct pci_ep_db_set *set;

	expect_bus(ft);
	waiter->block = true;
	set = pending_set(ft, &req);
	bus_appears(ft);
	FAKE_WAIT(test, &waiter->entered);

	fake_thread_run(test, &leaver, unregister_thread, ft->bus);
	KUNIT_EXPECT_EQ(test, 0, wait_for_completion_timeout(&leaver.done, HZ / 10));
	KUNIT_EXPECT_EQ(test, 0, atomic_read(&ft->log->gone));
	complete(&waiter->release);
	fake_thread_wait(test, &leaver);
	KUNIT_EXPECT_TRUE(test, completion_done(&waiter->told));
	KUNIT_EXPECT_EQ(test, 1, atomic_read(&ft->log->gone));
	KUNIT_EXPECT_EQ(test, -ENODEV, pci_ep_db_enable(set));
	fake_free(ft->fake, set);
	fake_expect_as_before(ft->fake, &ft->before);
}

static void pending_free_in_ready_while_provider_goes(struct kunit *test)
{
	struct fake_test *ft = test->priv;
	struct pci_ep_db_request req = waiting_request(ft);
	struct waiter *waiter = waiter_of(ft);
	struct fake_thread leaver;
	struct pci_ep_db_set *set;

	expect_bus(ft);
	waiter->block = true;
	waiter->free = true;
	set = pci_ep_db_alloc(ft->fake->epf, &req);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, set);
	KUNIT_ASSERT_TRUE(test, pci_ep_db_await(set));
	bus_appears(ft);
	FAKE_WAIT(test, &waiter->entered);

	fake_thread_run(test, &leaver, unregister_thread, ft->bus);
	KUNIT_EXPECT_EQ(test, 0, wait_for_completion_timeout(&leaver.done, HZ / 10));
	complete(&waiter->release);
	fake_thread_wait(test, &leaver);
	KUNIT_EXPECT_EQ(test, 0, atomic_read(&ft->log->gone));
	fake_expect_as_before(ft->fake, &ft->before);
}

static void pending_several(struct kunit *test)
{
	struct fake_test *ft = test->priv;
	struct fake_log *log = fake_log_create(ft->fake);
	struct waiter *other = waiter_create(ft, log);
	struct pci_ep_db_request req = waiting_request(ft);
	struct pci_ep_db_set *one, *two, *freed;

	expect_bus(ft);
	register_next(ft);
	ft->bus->offer.irq_shared = true;
	one = pending_set(ft, &req);
	freed = pending_set(ft, &req);
	req.priv = log;
	two = pending_set(ft, &req);
	fake_free(ft->fake, freed);
	bus_appears(ft);
	expect_told(ft, one, "bus");
	FAKE_WAIT(test, &other->told);
	KUNIT_EXPECT_EQ(test, 0, other->err);
	KUNIT_EXPECT_EQ(test, 1, atomic_read(&other->calls));
	KUNIT_EXPECT_PTR_EQ(test, two, other->set);
	KUNIT_EXPECT_EQ(test, 1, atomic_read(&waiter_of(ft)->calls));
	fake_free(ft->fake, one);
	fake_free(ft->fake, two);
	fake_expect_as_before(ft->fake, &ft->before);
}

/* A request that would rather have the controller's own than embedded */
static struct pci_ep_db_request own_request(struct fake_test *ft)
{
	struct pci_ep_db_request req = waiting_request(ft);

	ft->fake->features.own_doorbell = true;
	req.types[0] = PCI_EP_DB_CONTROLLER;

	return req;
}

static void pending_own_backend(struct kunit *test)
{
	struct fake_test *ft = test->priv;
	struct pci_ep_db_request req = own_request(ft);
	struct fake_epc *elsewhere = fake_epc_create(test);
	struct pci_ep_db_set *set;

	register_next(ft);
	ft->memory->backend.epc = NULL;
	/* That of another controller is not the one that is expected. */
	fake_backend_register(fake_backend_create(elsewhere, "other", PCI_EP_DB_FORM_MEMORY));
	set = pending_set(ft, &req);
	KUNIT_EXPECT_NOT_NULL(test, strstr(fake_read_debugfs(test, "pci-ep-doorbell/sets"),
					   "pending: the controller's own doorbells"));
	fake_backend_register(ft->bus);
	expect_told(ft, set, "bus");
	expect_rings(ft, set);
	fake_free(ft->fake, set);
	/* Now it is there. */
	ft->bus->query_ret = -EOPNOTSUPP;
	atomic_set(&waiter_of(ft)->calls, 0);
	expect_at_once(ft, &req, "memory");
}

static void pending_own_backend_never_comes(struct kunit *test)
{
	struct fake_test *ft = test->priv;
	struct pci_ep_db_request req = own_request(ft);
	struct pci_ep_db_set *set;

	register_next(ft);
	ft->memory->backend.epc = NULL;
	set_timeout(1);
	set = pending_set(ft, &req);
	expect_told(ft, set, "memory");
	KUNIT_EXPECT_TRUE(test, fake_refused(test, "controller", "not there yet"));
}

static void pending_own_backend_not_wanted(struct kunit *test)
{
	struct fake_test *ft = test->priv;
	struct pci_ep_db_request req = own_request(ft);

	register_next(ft);
	ft->memory->backend.epc = NULL;
	req.types[0] = PCI_EP_DB_MSI;
	expect_at_once(ft, &req, "memory");
	/* Less than what is there */
	req.types[0] = PCI_EP_DB_EMBEDDED;
	req.types[1] = PCI_EP_DB_CONTROLLER;
	expect_at_once(ft, &req, "memory");
}

KUNIT_DEFINE_ACTION_WRAPPER(put_dev, put_device, struct device *);

/* Another controller, for the test to destroy; its memory stays. */
static struct pci_epc *create_other(struct fake_test *ft)
{
	struct kunit *test = ft->fake->test;
	struct platform_device *pdev = kunit_platform_device_alloc(test, "fake-other", -1);
	struct pci_epc *epc;

	KUNIT_ASSERT_NOT_NULL(test, pdev);
	KUNIT_ASSERT_EQ(test, 0, kunit_platform_device_add(test, pdev));
	platform_set_drvdata(pdev, ft->fake);
	epc = pci_epc_create(&pdev->dev, ft->fake->epc->ops);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, epc);
	epc->max_functions = FAKE_FUNCS;
	get_device(&epc->dev);
	KUNIT_ASSERT_EQ(test, 0, kunit_add_action_or_reset(test, put_dev, &epc->dev));

	return epc;
}

/* pci_epc_destroy() does not look for functions: what they wait for does not come. */
static void pending_controller_goes(struct kunit *test)
{
	struct fake_test *ft = test->priv;
	struct pci_ep_db_request req = waiting_request(ft);
	struct pci_epf *epf = fake_epf_create(ft->fake);
	struct pci_epc *epc = create_other(ft);
	struct pci_ep_db_set *set, *other;
	unsigned int queries;

	ft->bus->backend.epc = NULL;
	expect_bus(ft);
	other = pending_set(ft, &req);
	epf->epc = epc;
	set = pci_ep_db_alloc(epf, &req);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, set);
	KUNIT_ASSERT_TRUE(test, pci_ep_db_await(set));
	pci_epc_destroy(epc);
	epf->epc = ft->fake->epc;
	KUNIT_EXPECT_FALSE(test, pci_ep_db_await(set));
	expect_calls(test, set, -ENODEV);
	expect_calls(test, other, -EAGAIN);

	fake_free(ft->fake, other);
	queries = ft->bus->queries;
	/* This has those asked again that wait, and waits until they did. */
	register_next(ft);
	fake_backend_unregister(ft->memory);
	KUNIT_EXPECT_EQ(test, queries, ft->bus->queries);
	pci_ep_db_free(set);
	KUNIT_EXPECT_EQ(test, 0, atomic_read(&waiter_of(ft)->calls));
}

/* How often @what is in @text */
static unsigned int occurrences(const char *text, const char *what)
{
	unsigned int n = 0;

	while ((text = strstr(text, what))) {
		text += strlen(what);
		n++;
	}

	return n;
}

static void pending_shown(struct kunit *test)
{
	struct fake_test *ft = test->priv;
	struct pci_ep_db_request req = waiting_request(ft);
	const char *epf = dev_name(&ft->fake->epf->dev);
	struct pci_ep_db_set *set;
	char *text;

	expect_bus(ft);
	register_next(ft);
	set = pending_set(ft, &req);
	text = fake_read_debugfs(test, "pci-ep-doorbell/sets");
	text = strstr(text, epf);
	KUNIT_ASSERT_NOT_NULL(test, text);
	KUNIT_EXPECT_NOT_NULL(test, strstr(text, "kind kick pending: the bus is late\n"));
	KUNIT_EXPECT_TRUE(test, fake_refused(test, "bus", "the bus is late"));
	KUNIT_EXPECT_TRUE(test, fake_refused(test, "memory", "a better one is expected"));

	/* However often it asks: what is remembered is how it began and how it ended. */
	FAKE_WAIT_UNTIL(test, READ_ONCE(ft->bus->queries) > 3);
	bus_appears(ft);
	expect_told(ft, set, "bus");
	text = fake_read_debugfs(test, "pci-ep-doorbell/requests");
	KUNIT_EXPECT_EQ(test, 2, occurrences(text, epf));
	text = strstr(text, epf);
	KUNIT_ASSERT_NOT_NULL(test, text);
	text = strstr(text, "  result: pending\n");
	KUNIT_ASSERT_NOT_NULL(test, text);
	KUNIT_EXPECT_NOT_NULL(test, strstr(text, "  result: bus, 2 doorbells"));
}

static void restore_timeout(void *data)
{
	set_timeout((unsigned long)data);
}

static int pending_init(struct kunit *test)
{
	unsigned long before = pci_ep_db_provider_timeout;
	int ret = fake_test_init(test);

	if (ret)
		return ret;
	waiter_create(test->priv, ((struct fake_test *)test->priv)->log);
	set_timeout(LONG);

	return kunit_add_action_or_reset(test, restore_timeout, (void *)before);
}

static struct kunit_case pending_cases[] = {
	KUNIT_CASE(pending_provider_appears),
	KUNIT_CASE(pending_provider_never_appears),
	KUNIT_CASE(pending_not_told_before_awaited),
	KUNIT_CASE(pending_none_expected),
	KUNIT_CASE(pending_nobody_can_wait),
	KUNIT_CASE(pending_better_is_there),
	KUNIT_CASE(pending_would_not_do),
	KUNIT_CASE(pending_better_fails),
	KUNIT_CASE(pending_better_fails_and_goes),
	KUNIT_CASE(pending_provider_fails),
	KUNIT_CASE(pending_provider_unregistered),
	KUNIT_CASE(pending_no_backend),
	KUNIT_CASE(pending_lent_memory),
	KUNIT_CASE(pending_free),
	KUNIT_CASE(pending_free_in_ready),
	KUNIT_CASE(pending_free_waits_for_ready),
	KUNIT_CASE(pending_free_races_provider),
	KUNIT_CASE(pending_gone_waits_for_ready),
	KUNIT_CASE(pending_free_in_ready_while_provider_goes),
	KUNIT_CASE(pending_several),
	KUNIT_CASE(pending_own_backend),
	KUNIT_CASE(pending_own_backend_never_comes),
	KUNIT_CASE(pending_own_backend_not_wanted),
	KUNIT_CASE(pending_controller_goes),
	KUNIT_CASE(pending_shown),
	{}
};

static struct kunit_suite pending_suite = {
	.name = "pci-ep-doorbell-pending",
	.init = pending_init,
	.test_cases = pending_cases,
};

kunit_test_suites(&pending_suite);
