// SPDX-License-Identifier: GPL-2.0
/*
 * PCI endpoint doorbells: tests of delivery, from a ring to the handler
 */

#include <kunit/test.h>
#include <linux/delay.h>
#include <linux/irq.h>
#include <linux/kthread.h>

#include "pci-ep-doorbell-fake.h"
#include "pci-ep-doorbell-internal.h"

/* A set of interrupts */
static struct pci_ep_db_set *irq_set(struct fake_test *ft, unsigned int count,
				     bool can_sleep)
{
	struct pci_ep_db_request req = fake_kicks(ft, count);

	req.can_sleep = can_sleep;
	fake_backend_register(ft->bus);

	return fake_alloc(ft->fake, &req);
}

/* A set of words, for which the test looks with pci_ep_db_poll() */
static struct pci_ep_db_set *word_set(struct fake_test *ft, enum pci_ep_db_kind kind,
				      unsigned int count)
{
	struct pci_ep_db_request req = fake_request(ft->log, kind, count,
						    PCI_EP_DB_CONTROLLER);

	fake_backend_register(ft->memory);

	return fake_alloc(ft->fake, &req);
}

static void expect_calls(struct kunit *test, int calls)
{
	struct fake_test *ft = test->priv;

	KUNIT_EXPECT_EQ(test, calls, atomic_read(&ft->log->calls));
}

static void delivery_disabled_at_first(struct kunit *test)
{
	struct fake_test *ft = test->priv;
	struct pci_ep_db_set *set = irq_set(ft, 2, false);

	KUNIT_EXPECT_TRUE(test, pci_ep_db_idle(set));
	KUNIT_EXPECT_EQ(test, 0, fake_ring(ft->fake, set, 0));
	expect_calls(test, 0);
	KUNIT_EXPECT_EQ(test, 0, pci_ep_db_enable_one(set, 1));
	KUNIT_EXPECT_FALSE(test, pci_ep_db_idle(set));
	KUNIT_EXPECT_EQ(test, 0, fake_ring(ft->fake, set, 1));
	expect_calls(test, 1);
	KUNIT_EXPECT_EQ(test, 1, ft->log->index[0]);
	KUNIT_EXPECT_EQ(test, 0, ft->log->value[0]);
}

/* Rings that came while it was disabled are delivered when it is enabled, as one. */
static void delivery_kept_while_disabled(struct kunit *test)
{
	struct fake_test *ft = test->priv;
	struct pci_ep_db_set *set = irq_set(ft, 1, false);

	KUNIT_EXPECT_EQ(test, 0, fake_ring(ft->fake, set, 0));
	KUNIT_EXPECT_EQ(test, 0, fake_ring(ft->fake, set, 0));
	KUNIT_ASSERT_EQ(test, 0, pci_ep_db_enable(set));
	FAKE_WAIT(test, &ft->log->called);
	expect_calls(test, 1);
	pci_ep_db_disable(set);
	KUNIT_ASSERT_EQ(test, 0, pci_ep_db_enable(set));
	KUNIT_EXPECT_EQ(test, 0, wait_for_completion_timeout(&ft->log->called, HZ / 20));
	expect_calls(test, 1);
}

static void delivery_kept_while_disabled_word(struct kunit *test)
{
	struct fake_test *ft = test->priv;
	struct pci_ep_db_set *set = word_set(ft, PCI_EP_DB_KICK, 2);
	int wakes = atomic_read(&ft->memory->wakes);

	KUNIT_EXPECT_EQ(test, 0, fake_ring(ft->fake, set, 1));
	KUNIT_EXPECT_FALSE(test, pci_ep_db_poll(set));
	KUNIT_ASSERT_EQ(test, 0, pci_ep_db_enable(set));
	KUNIT_EXPECT_GT(test, atomic_read(&ft->memory->wakes), wakes);
	KUNIT_EXPECT_TRUE(test, pci_ep_db_poll(set));
	expect_calls(test, 1);
	KUNIT_EXPECT_EQ(test, 1, ft->log->index[0]);
	KUNIT_EXPECT_FALSE(test, pci_ep_db_poll(set));
	expect_calls(test, 1);
}

/* The host rings while the handler runs for the ring before. */
static void ring_again(struct fake_log *log, struct pci_ep_db_set *set,
		       unsigned int index, u32 value)
{
	if (atomic_read(&log->calls) == 1)
		fake_ring_value(log->fake, set, index, set->target[index].data ?: value + 1);
}

static void delivery_ring_during_handler(struct kunit *test)
{
	struct fake_test *ft = test->priv;
	struct pci_ep_db_set *set = irq_set(ft, 2, true);

	ft->log->hook = ring_again;
	KUNIT_ASSERT_EQ(test, 0, pci_ep_db_enable(set));
	KUNIT_EXPECT_EQ(test, 0, fake_ring(ft->fake, set, 1));
	FAKE_WAIT(test, &ft->log->called);
	FAKE_WAIT(test, &ft->log->called);
	expect_calls(test, 2);
}

static void delivery_ring_during_handler_word(struct kunit *test)
{
	static const enum pci_ep_db_kind kinds[] = {
		PCI_EP_DB_KICK, PCI_EP_DB_VALUE, PCI_EP_DB_MAILBOX,
	};
	struct fake_test *ft = test->priv;
	struct pci_ep_db_set *set;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(kinds); i++) {
		set = word_set(ft, kinds[i], 1);
		atomic_set(&ft->log->calls, 0);
		ft->log->hook = ring_again;
		KUNIT_ASSERT_EQ(test, 0, pci_ep_db_enable(set));
		KUNIT_EXPECT_EQ(test, 0, fake_ring_value(ft->fake, set, 0, 7));
		KUNIT_EXPECT_TRUE(test, pci_ep_db_poll(set));
		KUNIT_EXPECT_TRUE(test, pci_ep_db_poll(set));
		KUNIT_EXPECT_FALSE(test, pci_ep_db_poll(set));
		expect_calls(test, 2);
		fake_free(ft->fake, set);
		fake_backend_unregister(ft->memory);
	}
}

static void delivery_mailbox_counts(struct kunit *test)
{
	struct fake_test *ft = test->priv;
	struct pci_ep_db_set *set = word_set(ft, PCI_EP_DB_MAILBOX, 1);
	u32 i, value;

	KUNIT_ASSERT_EQ(test, 0, pci_ep_db_enable(set));
	for (i = 1; i <= 1000; i++) {
		KUNIT_ASSERT_EQ(test, 0, fake_ring_value(ft->fake, set, 0, i));
		KUNIT_ASSERT_TRUE(test, pci_ep_db_poll(set));
		KUNIT_ASSERT_EQ(test, 0, pci_ep_db_value(set, 0, &value));
		KUNIT_ASSERT_EQ(test, 0, value);
	}
	expect_calls(test, 1000);
	KUNIT_EXPECT_EQ(test, 5, ft->log->value[4]);
	KUNIT_EXPECT_FALSE(test, pci_ep_db_poll(set));
}

static void delivery_mailbox_equal_commands(struct kunit *test)
{
	struct fake_test *ft = test->priv;
	struct pci_ep_db_set *set = word_set(ft, PCI_EP_DB_MAILBOX, 1);
	unsigned int i;

	KUNIT_ASSERT_EQ(test, 0, pci_ep_db_enable(set));
	for (i = 0; i < 2; i++) {
		KUNIT_EXPECT_EQ(test, 0, fake_ring_value(ft->fake, set, 0, 0xcafe));
		pci_ep_db_poll(set);
		KUNIT_EXPECT_EQ(test, 0xcafe, ft->log->value[i]);
	}
	/* Zero is no command. */
	KUNIT_EXPECT_EQ(test, 0, fake_ring_value(ft->fake, set, 0, 0));
	KUNIT_EXPECT_FALSE(test, pci_ep_db_poll(set));
	expect_calls(test, 2);
}

/* A command that comes while the handler is at its budget does not replace the one before. */
static void leave_another(struct fake_log *log, struct pci_ep_db_set *set,
			  unsigned int index, u32 value)
{
	if (atomic_read(&log->calls) == 1)
		fake_ring_value(log->fake, set, index, 2);
}

static void delivery_mailbox_again(struct kunit *test)
{
	struct fake_test *ft = test->priv;
	struct pci_ep_db_set *set = word_set(ft, PCI_EP_DB_MAILBOX, 1);
	unsigned int i;

	ft->log->hook = leave_another;
	atomic_set(&ft->log->again, 1);
	KUNIT_ASSERT_EQ(test, 0, pci_ep_db_enable(set));
	KUNIT_EXPECT_EQ(test, 0, fake_ring_value(ft->fake, set, 0, 1));
	for (i = 0; i < 4; i++)
		pci_ep_db_poll(set);
	expect_calls(test, 3);
	KUNIT_EXPECT_EQ(test, 1, ft->log->value[0]);
	KUNIT_EXPECT_EQ(test, 1, ft->log->value[1]);
	KUNIT_EXPECT_EQ(test, 2, ft->log->value[2]);
}

static void delivery_value(struct kunit *test)
{
	struct fake_test *ft = test->priv;
	struct pci_ep_db_set *set = word_set(ft, PCI_EP_DB_VALUE, 2);
	u32 value;

	/* What came before is known, but can be read. */
	KUNIT_EXPECT_EQ(test, 0, fake_ring_value(ft->fake, set, 1, 11));
	KUNIT_EXPECT_EQ(test, 0, pci_ep_db_value(set, 1, &value));
	KUNIT_EXPECT_EQ(test, 11, value);
	KUNIT_ASSERT_EQ(test, 0, pci_ep_db_enable(set));
	KUNIT_EXPECT_FALSE(test, pci_ep_db_poll(set));

	KUNIT_EXPECT_EQ(test, 0, fake_ring_value(ft->fake, set, 1, 11));
	KUNIT_EXPECT_FALSE(test, pci_ep_db_poll(set));
	expect_calls(test, 0);

	/* Zero is a value as any other, and the newest one counts. */
	KUNIT_EXPECT_EQ(test, 0, fake_ring_value(ft->fake, set, 1, 12));
	KUNIT_EXPECT_EQ(test, 0, fake_ring_value(ft->fake, set, 1, 0));
	KUNIT_EXPECT_TRUE(test, pci_ep_db_poll(set));
	expect_calls(test, 1);
	KUNIT_EXPECT_EQ(test, 1, ft->log->index[0]);
	KUNIT_EXPECT_EQ(test, 0, ft->log->value[0]);
	KUNIT_EXPECT_EQ(test, -EINVAL, pci_ep_db_value(set, 2, &value));
}

static void delivery_value_while_disabled(struct kunit *test)
{
	struct fake_test *ft = test->priv;
	struct pci_ep_db_set *set = word_set(ft, PCI_EP_DB_VALUE, 1);
	u32 value;

	KUNIT_ASSERT_EQ(test, 0, pci_ep_db_enable(set));
	pci_ep_db_disable(set);
	KUNIT_EXPECT_EQ(test, 0, fake_ring_value(ft->fake, set, 0, 21));
	KUNIT_EXPECT_FALSE(test, pci_ep_db_poll(set));
	KUNIT_EXPECT_EQ(test, 0, pci_ep_db_value(set, 0, &value));
	KUNIT_EXPECT_EQ(test, 21, value);
	KUNIT_ASSERT_EQ(test, 0, pci_ep_db_enable(set));
	KUNIT_EXPECT_FALSE(test, pci_ep_db_poll(set));
	/* Enabling what is enabled does not take a new baseline: no ring gets lost. */
	KUNIT_EXPECT_EQ(test, 0, fake_ring_value(ft->fake, set, 0, 22));
	KUNIT_ASSERT_EQ(test, 0, pci_ep_db_enable(set));
	KUNIT_EXPECT_TRUE(test, pci_ep_db_poll(set));
	expect_calls(test, 1);
}

static void delivery_rearm(struct kunit *test)
{
	struct fake_test *ft = test->priv;
	struct pci_ep_db_set *set = word_set(ft, PCI_EP_DB_VALUE, 1);
	u32 value;

	KUNIT_ASSERT_EQ(test, 0, pci_ep_db_enable(set));
	KUNIT_EXPECT_EQ(test, 0, pci_ep_db_rearm(set, 0, 5));
	KUNIT_EXPECT_EQ(test, 0, pci_ep_db_value(set, 0, &value));
	KUNIT_EXPECT_EQ(test, 5, value);
	KUNIT_EXPECT_FALSE(test, pci_ep_db_poll(set));
	KUNIT_EXPECT_EQ(test, 0, fake_ring_value(ft->fake, set, 0, 0));
	KUNIT_EXPECT_TRUE(test, pci_ep_db_poll(set));
	expect_calls(test, 1);
	KUNIT_EXPECT_EQ(test, -EINVAL, pci_ep_db_rearm(set, 1, 5));
}

static void rearm_thread(void *data)
{
	struct pci_ep_db_set *set = data;
	u32 i;

	for (i = 0; i < 20000; i++)
		pci_ep_db_rearm(set, 0, i);
}

/* What the EPF writes is never a ring, whenever the scan looks. */
static void delivery_rearm_against_scan(struct kunit *test)
{
	struct fake_test *ft = test->priv;
	struct pci_ep_db_set *set = word_set(ft, PCI_EP_DB_VALUE, 1);
	struct fake_thread thread;

	KUNIT_ASSERT_EQ(test, 0, pci_ep_db_enable(set));
	fake_thread_run(test, &thread, rearm_thread, set);
	while (!completion_done(&thread.done)) {
		pci_ep_db_poll(set);
		cond_resched();
	}
	fake_thread_wait(test, &thread);
	expect_calls(test, 0);
}

/* pci_ep_db_rearm() stores what is not a ring, for words that idle at zero as well. */
static void delivery_rearm_is_no_ring(struct kunit *test)
{
	struct fake_test *ft = test->priv;
	struct pci_ep_db_set *set = word_set(ft, PCI_EP_DB_MAILBOX, 1);

	KUNIT_ASSERT_EQ(test, 0, pci_ep_db_enable(set));
	pci_ep_db_rearm(set, 0, 0x55);
	pci_ep_db_poll(set);
	expect_calls(test, 0);
}

static void delivery_no_content(struct kunit *test)
{
	struct fake_test *ft = test->priv;
	struct pci_ep_db_set *set = irq_set(ft, 1, false);
	u32 value;

	KUNIT_EXPECT_EQ(test, -EOPNOTSUPP, pci_ep_db_value(set, 0, &value));
	KUNIT_EXPECT_EQ(test, -EOPNOTSUPP, pci_ep_db_rearm(set, 0, 1));
}

struct disable_arg {
	struct pci_ep_db_set	*set;
	int			index;
};

static void disable_thread(void *data)
{
	struct disable_arg *arg = data;

	if (arg->index < 0)
		pci_ep_db_disable(arg->set);
	else
		pci_ep_db_disable_one(arg->set, arg->index);
}

/* The handler is blocked: disable must not return. */
static void disable_waits(struct kunit *test, struct pci_ep_db_set *set, int index)
{
	struct fake_test *ft = test->priv;
	struct disable_arg arg = { set, index };
	struct fake_thread thread;

	ft->log->block = true;
	KUNIT_ASSERT_EQ(test, 0, pci_ep_db_enable(set));
	KUNIT_ASSERT_EQ(test, 0, fake_ring(ft->fake, set, 1));
	FAKE_WAIT(test, &ft->log->entered);
	/* A second ring, which must not be delivered any more */
	KUNIT_ASSERT_EQ(test, 0, fake_ring(ft->fake, set, 1));

	fake_thread_run(test, &thread, disable_thread, &arg);
	KUNIT_EXPECT_EQ(test, 0, wait_for_completion_timeout(&thread.done, HZ / 10));
	complete_all(&ft->log->release);
	fake_thread_wait(test, &thread);
	expect_calls(test, 1);
	KUNIT_ASSERT_EQ(test, 0, fake_ring(ft->fake, set, 1));
	usleep_range(20000, 30000);
	expect_calls(test, 1);
}

static void delivery_disable_one_waits(struct kunit *test)
{
	disable_waits(test, irq_set(test->priv, 2, true), 1);
}

static void delivery_disable_all_waits(struct kunit *test)
{
	disable_waits(test, irq_set(test->priv, 2, true), -1);
}

/* Another thread that disables all doorbells */
struct disabler {
	struct kunit		*test;
	struct fake_thread	thread;
	struct disable_arg	arg;
};

/* The handler enables all again, while it is waited for. */
static void enable_against_disable(struct fake_log *log, struct pci_ep_db_set *set,
				   unsigned int index, u32 value)
{
	struct disabler *disabler = log->data;
	struct kunit *test = disabler->test;

	if (atomic_read(&log->calls) > 1)
		return;
	fake_thread_run(test, &disabler->thread, disable_thread, &disabler->arg);
	FAKE_WAIT_UNTIL(test, pci_ep_db_idle(set));
	KUNIT_EXPECT_EQ(test, 0, pci_ep_db_enable_one(set, 0));
	KUNIT_EXPECT_EQ(test, 0, pci_ep_db_enable_one(set, 1));
	KUNIT_EXPECT_FALSE(test, completion_done(&disabler->thread.done));
}

/* Its handler runs for one of two doorbells: the one that disable comes to first, or last. */
static void disable_wins(struct kunit *test, unsigned int index)
{
	struct fake_test *ft = test->priv;
	struct pci_ep_db_set *set = word_set(ft, PCI_EP_DB_KICK, 2);
	struct disabler disabler = { .test = test, .arg = { set, -1 } };

	ft->log->hook = enable_against_disable;
	ft->log->data = &disabler;
	KUNIT_ASSERT_EQ(test, 0, pci_ep_db_enable_one(set, index));
	KUNIT_ASSERT_EQ(test, 0, fake_ring(ft->fake, set, index));
	KUNIT_EXPECT_TRUE(test, pci_ep_db_poll(set));
	fake_thread_wait(test, &disabler.thread);

	KUNIT_EXPECT_TRUE(test, pci_ep_db_idle(set));
	KUNIT_EXPECT_EQ(test, 0, fake_ring(ft->fake, set, 0));
	KUNIT_EXPECT_EQ(test, 0, fake_ring(ft->fake, set, 1));
	KUNIT_EXPECT_FALSE(test, pci_ep_db_poll(set));
	expect_calls(test, 1);
}

static void delivery_enable_against_disable(struct kunit *test)
{
	disable_wins(test, 0);
}

static void delivery_enable_against_disable_last(struct kunit *test)
{
	disable_wins(test, 1);
}

static void free_set_thread(void *data)
{
	pci_ep_db_free(data);
}

static void delivery_free_waits(struct kunit *test)
{
	struct fake_test *ft = test->priv;
	struct pci_ep_db_request req = fake_kicks(ft, 1);
	struct pci_ep_db_set *set;
	struct fake_thread thread;

	fake_backend_register(ft->bus);
	req.can_sleep = true;
	set = pci_ep_db_alloc(ft->fake->epf, &req);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, set);
	ft->log->block = true;
	KUNIT_ASSERT_EQ(test, 0, pci_ep_db_enable(set));
	KUNIT_ASSERT_EQ(test, 0, fake_ring(ft->fake, set, 0));
	FAKE_WAIT(test, &ft->log->entered);
	fake_thread_run(test, &thread, free_set_thread, set);
	KUNIT_EXPECT_EQ(test, 0, wait_for_completion_timeout(&thread.done, HZ / 10));
	KUNIT_EXPECT_EQ(test, 0, ft->bus->frees);
	complete_all(&ft->log->release);
	fake_thread_wait(test, &thread);
	KUNIT_EXPECT_EQ(test, 1, ft->bus->frees);
	expect_calls(test, 1);
}

static void disable_from_handler(struct fake_log *log, struct pci_ep_db_set *set,
				 unsigned int index, u32 value)
{
	unsigned long which = (unsigned long)log->data;

	if (atomic_read(&log->calls) > 1)
		return;
	/* Both were rung, and the handler runs for one of them. */
	fake_ring(log->fake, set, index);
	if (which)
		pci_ep_db_disable(set);
	else
		pci_ep_db_disable_one(set, index);
}

static void delivery_disable_in_handler(struct kunit *test)
{
	struct fake_test *ft = test->priv;
	struct pci_ep_db_set *set = irq_set(ft, 2, true);

	ft->log->hook = disable_from_handler;
	KUNIT_ASSERT_EQ(test, 0, pci_ep_db_enable_one(set, 0));
	KUNIT_EXPECT_EQ(test, 0, fake_ring(ft->fake, set, 0));
	FAKE_WAIT(test, &ft->log->called);
	pci_ep_db_disable(set);
	expect_calls(test, 1);
	/* What came meanwhile was kept. */
	KUNIT_ASSERT_EQ(test, 0, pci_ep_db_enable(set));
	FAKE_WAIT(test, &ft->log->called);
	expect_calls(test, 2);
}

static void delivery_disable_all_in_handler(struct kunit *test)
{
	struct fake_test *ft = test->priv;
	struct pci_ep_db_set *set = word_set(ft, PCI_EP_DB_KICK, 3);
	unsigned int i;

	ft->log->hook = disable_from_handler;
	ft->log->data = (void *)1;
	KUNIT_ASSERT_EQ(test, 0, pci_ep_db_enable(set));
	for (i = 0; i < 3; i++)
		KUNIT_EXPECT_EQ(test, 0, fake_ring(ft->fake, set, i));
	pci_ep_db_poll(set);
	pci_ep_db_poll(set);
	expect_calls(test, 1);
	KUNIT_ASSERT_EQ(test, 0, pci_ep_db_enable(set));
	pci_ep_db_poll(set);
	expect_calls(test, 4);
}

static void enable_the_other(struct fake_log *log, struct pci_ep_db_set *set,
			     unsigned int index, u32 value)
{
	if (!index)
		pci_ep_db_enable_one(set, 1);
}

static void delivery_enable_in_handler(struct kunit *test)
{
	struct fake_test *ft = test->priv;
	struct pci_ep_db_set *set = irq_set(ft, 2, false);

	ft->log->hook = enable_the_other;
	KUNIT_EXPECT_EQ(test, 0, fake_ring(ft->fake, set, 1));
	KUNIT_ASSERT_EQ(test, 0, pci_ep_db_enable_one(set, 0));
	KUNIT_EXPECT_EQ(test, 0, fake_ring(ft->fake, set, 0));
	FAKE_WAIT(test, &ft->log->called);
	FAKE_WAIT(test, &ft->log->called);
	expect_calls(test, 2);
	KUNIT_EXPECT_EQ(test, 1, ft->log->index[1]);
}

static void free_from_handler(struct fake_log *log, struct pci_ep_db_set *set,
			      unsigned int index, u32 value)
{
	pci_ep_db_free(set);
}

/* A handler may not free its set: it is told so, and nothing else happens. */
static void delivery_free_in_handler(struct kunit *test)
{
	struct fake_test *ft = test->priv;
	struct pci_ep_db_set *set = word_set(ft, PCI_EP_DB_KICK, 1);

	ft->log->hook = free_from_handler;
	KUNIT_ASSERT_EQ(test, 0, pci_ep_db_enable(set));
	KUNIT_EXPECT_EQ(test, 0, fake_ring(ft->fake, set, 0));
	kunit_warning_suppress(test) {
		pci_ep_db_poll(set);
		KUNIT_EXPECT_SUPPRESSED_WARNING_COUNT(test, 1);
	}
	expect_calls(test, 1);
	KUNIT_EXPECT_EQ(test, 0, ft->memory->frees);
}

static void again_irq(struct kunit *test, bool can_sleep)
{
	struct fake_test *ft = test->priv;
	struct pci_ep_db_set *set = irq_set(ft, 1, can_sleep);
	unsigned int i;

	/* More often than the core goes on without a pause */
	atomic_set(&ft->log->again, 9);
	KUNIT_ASSERT_EQ(test, 0, pci_ep_db_enable(set));
	KUNIT_EXPECT_EQ(test, 0, fake_ring(ft->fake, set, 0));
	for (i = 0; i < 10; i++)
		FAKE_WAIT(test, &ft->log->called);
	pci_ep_db_disable(set);
	expect_calls(test, 10);
}

static void delivery_again(struct kunit *test)
{
	again_irq(test, false);
}

static void delivery_again_sleeping(struct kunit *test)
{
	again_irq(test, true);
}

static void delivery_again_word(struct kunit *test)
{
	struct fake_test *ft = test->priv;
	struct pci_ep_db_set *set = word_set(ft, PCI_EP_DB_VALUE, 1);
	unsigned int i;

	atomic_set(&ft->log->again, 9);
	KUNIT_ASSERT_EQ(test, 0, pci_ep_db_enable(set));
	KUNIT_EXPECT_EQ(test, 0, fake_ring_value(ft->fake, set, 0, 3));
	for (i = 0; i < 20; i++)
		pci_ep_db_poll(set);
	expect_calls(test, 10);
	KUNIT_EXPECT_EQ(test, 3, ft->log->value[9]);
}

static void delivery_can_sleep(struct kunit *test)
{
	struct fake_test *ft = test->priv;
	struct pci_ep_db_set *set = irq_set(ft, 1, true);

	KUNIT_ASSERT_EQ(test, 0, pci_ep_db_enable(set));
	fake_irq_hard(ft->fake, 0, 1000);
	FAKE_WAIT(test, &ft->log->called);
	KUNIT_EXPECT_TRUE(test, ft->log->sleepable);
	KUNIT_EXPECT_FALSE(test, ft->log->hard);
}

static void delivery_hard(struct kunit *test)
{
	struct fake_test *ft = test->priv;
	struct pci_ep_db_set *set = irq_set(ft, 1, false);
	unsigned int threads = fake_threads();

	KUNIT_EXPECT_EQ(test, 0, threads);
	KUNIT_ASSERT_EQ(test, 0, pci_ep_db_enable(set));
	fake_irq_hard(ft->fake, 0, 1000);
	FAKE_WAIT(test, &ft->log->called);
	KUNIT_EXPECT_TRUE(test, ft->log->hard);
}

/* Where it is not known who was rung, all that are enabled are told. */
static void delivery_not_distinct(struct kunit *test)
{
	struct fake_test *ft = test->priv;
	struct pci_ep_db_set *set;

	ft->bus->offer.caps = 0;
	ft->bus->offer.irq_shared = true;
	ft->bus->regs = 1;
	set = irq_set(ft, 3, false);
	KUNIT_EXPECT_EQ(test, 0, pci_ep_db_caps(set) & PCI_EP_DB_DISTINCT);
	KUNIT_EXPECT_EQ(test, 1, fake_requested(ft->fake));
	KUNIT_ASSERT_EQ(test, 0, pci_ep_db_enable_one(set, 0));
	KUNIT_ASSERT_EQ(test, 0, pci_ep_db_enable_one(set, 2));
	KUNIT_EXPECT_EQ(test, 0, fake_ring(ft->fake, set, 1));
	expect_calls(test, 2);
	KUNIT_EXPECT_EQ(test, 0, ft->log->index[0]);
	KUNIT_EXPECT_EQ(test, 2, ft->log->index[1]);
}

/* Of several interrupts each tells those whose it is. */
static void delivery_irqs_in_common(struct kunit *test)
{
	struct fake_test *ft = test->priv;
	struct pci_ep_db_set *set;

	ft->bus->offer.irq_shared = true;
	ft->bus->regs = 2;
	set = irq_set(ft, 3, false);
	KUNIT_EXPECT_EQ(test, 2, fake_requested(ft->fake));
	KUNIT_ASSERT_EQ(test, 0, pci_ep_db_enable(set));
	KUNIT_EXPECT_EQ(test, 0, fake_ring(ft->fake, set, 1));
	expect_calls(test, 1);
	KUNIT_EXPECT_EQ(test, 1, ft->log->index[0]);
	KUNIT_EXPECT_EQ(test, 0, fake_ring(ft->fake, set, 2));
	expect_calls(test, 3);
	KUNIT_EXPECT_EQ(test, 0, ft->log->index[1]);
	KUNIT_EXPECT_EQ(test, 2, ft->log->index[2]);
	fake_free(ft->fake, set);
	KUNIT_EXPECT_EQ(test, 0, fake_requested(ft->fake));
}

/* What a storm left behind, and what the handler saw of it */
struct storm {
	atomic_t	rings;
	atomic_t	seen;
	u64		cost;
};

/* What a call of the handler is said to take: the whole of a window of 20 ms */
#define STORM_COST	(20 * NSEC_PER_MSEC)

static void storm_handler(struct fake_log *log, struct pci_ep_db_set *set,
			  unsigned int index, u32 value)
{
	struct storm *storm = log->data;

	atomic_set(&storm->seen, atomic_read(&storm->rings));
	pci_ep_db_account(set, storm->cost);
}

static void expect_storm_delivered(struct kunit *test, struct storm *storm)
{
	FAKE_WAIT_UNTIL(test, atomic_read(&storm->seen) == atomic_read(&storm->rings));
}

/* Ring for a fifth of a second. Was delivery throttled, and the interrupt masked? */
static void storm_rings(struct kunit *test, struct pci_ep_db_set *set, bool mask)
{
	struct fake_test *ft = test->priv;
	struct irq_data *data = irq_get_irq_data(ft->fake->irq[0].virq);
	struct storm storm = { .cost = STORM_COST };
	unsigned long start = jiffies;
	bool throttled = false, masked = false;
	unsigned int windows;

	ft->log->hook = storm_handler;
	ft->log->data = &storm;
	KUNIT_ASSERT_EQ(test, 0, pci_ep_db_enable(set));
	while (time_before(jiffies, start + HZ / 5)) {
		atomic_inc(&storm.rings);
		fake_ring(ft->fake, set, 0);
		throttled |= pci_ep_db_throttled(set);
		masked |= irqd_irq_disabled(data);
	}
	windows = jiffies_to_msecs(jiffies - start) / 20 + 3;
	KUNIT_EXPECT_LE(test, atomic_read(&ft->log->calls), windows);
	KUNIT_EXPECT_TRUE(test, throttled);
	KUNIT_EXPECT_EQ(test, mask, masked);
	expect_storm_delivered(test, &storm);
	/* The call that delivered the last ring costs a window as well. */
	FAKE_WAIT_UNTIL(test, !irqd_irq_disabled(data));
}

/* A source that rings without end is silenced; what it rang is delivered. */
static void delivery_storm(struct kunit *test)
{
	storm_rings(test, irq_set(test->priv, 1, false), true);
}

static void delivery_storm_sleeping(struct kunit *test)
{
	storm_rings(test, irq_set(test->priv, 1, true), true);
}

/* A line with other holders must not be masked, and nothing is lost either. */
static void delivery_storm_shared(struct kunit *test)
{
	struct fake_test *ft = test->priv;

	ft->bus->offer.irq_shared = true;
	ft->bus->regs = 1;
	storm_rings(test, irq_set(ft, 1, false), false);
}

/* Ring doorbell 0 until delivery is throttled and its interrupt masked. */
static bool mask_by_rings(struct fake_test *ft, struct pci_ep_db_set *set)
{
	struct irq_data *data = irq_get_irq_data(ft->fake->irq[0].virq);
	unsigned int i;

	/* Who is not let run for a whole window does not see it throttled. */
	for (i = 0; i < 1000 && !irqd_irq_disabled(data); i++) {
		pci_ep_db_throttled(set);
		pci_ep_db_account(set, STORM_COST);
		fake_ring(ft->fake, set, 0);
	}

	return irqd_irq_disabled(data);
}

/*
 * A masked interrupt waits for the timer. Meanwhile another doorbell of the set
 * rings, whose handler is never done: delivery is put off each time, but not
 * the timer. Until then the timer is held back: its softirq is.
 */
static void delivery_unmasks_in_time(struct kunit *test)
{
	struct fake_test *ft = test->priv;
	struct irq_data *data = irq_get_irq_data(ft->fake->irq[0].virq);
	struct pci_ep_db_set *set = irq_set(ft, 2, false);
	struct hrtimer *timer = &to_db_set_priv(set)->timer;
	ktime_t before, after;
	unsigned int i;
	bool masked;

	KUNIT_ASSERT_EQ(test, 0, pci_ep_db_enable(set));
	local_bh_disable();
	masked = mask_by_rings(ft, set);
	before = hrtimer_get_expires(timer);
	while (pci_ep_db_throttled(set))
		cpu_relax();
	atomic_set(&ft->log->again, 100);
	for (i = 0; i < 3; i++)
		fake_ring(ft->fake, set, 1);
	masked &= irqd_irq_disabled(data);
	after = hrtimer_get_expires(timer);
	local_bh_enable();

	KUNIT_EXPECT_TRUE(test, masked);
	KUNIT_EXPECT_EQ(test, before, after);
	FAKE_WAIT_UNTIL(test, !irqd_irq_disabled(data));
}

/* Freed while it is throttled: the next holder of the IRQ finds it enabled. */
static void delivery_free_throttled(struct kunit *test)
{
	struct fake_test *ft = test->priv;
	struct pci_ep_db_request req = fake_kicks(ft, 1);
	struct pci_ep_db_set *set = irq_set(ft, 1, false);

	KUNIT_ASSERT_EQ(test, 0, pci_ep_db_enable(set));
	KUNIT_EXPECT_TRUE(test, mask_by_rings(ft, set));
	fake_free(ft->fake, set);

	atomic_set(&ft->log->calls, 0);
	reinit_completion(&ft->log->called);
	set = fake_alloc(ft->fake, &req);
	KUNIT_ASSERT_EQ(test, 0, pci_ep_db_enable(set));
	KUNIT_EXPECT_EQ(test, 0, fake_ring(ft->fake, set, 0));
	FAKE_WAIT(test, &ft->log->called);
	expect_calls(test, 1);
}

/**
 * struct overhead - how long it is to the handler of an interrupt
 * @start: when generic_handle_irq() was about to be called, in ns
 * @ns: from there to the handlers, together
 * @calls: of the handlers
 */
struct overhead {
	u64		start;
	u64		ns;
	unsigned int	calls;
};

#define OVERHEAD_ROUNDS	200

static void overhead_over(struct overhead *overhead)
{
	overhead->ns += ktime_get_mono_fast_ns() - overhead->start;
	overhead->calls++;
}

static irqreturn_t overhead_bare(int irq, void *data)
{
	overhead_over(data);

	return IRQ_HANDLED;
}

static enum pci_ep_db_return overhead_rung(struct pci_ep_db_set *set,
					   unsigned int index, u32 value, void *priv)
{
	overhead_over(priv);

	return PCI_EP_DB_DONE;
}

/* What reading the clock twice takes is not meant. */
static void overhead_clock(struct overhead *overhead)
{
	overhead->start = ktime_get_mono_fast_ns();
	overhead_over(overhead);
}

static void overhead_measure(struct overhead *overhead, int irq)
{
	struct overhead clock = {};
	unsigned int i;

	for (i = 0; i < OVERHEAD_ROUNDS; i++) {
		guard(irqsave)();
		overhead_clock(&clock);
		overhead->start = ktime_get_mono_fast_ns();
		generic_handle_irq(irq);
	}
	overhead->ns -= min(overhead->ns, clock.ns);
}

/*
 * Of an interrupt with no doorbell and of one with, which is called each time
 * before the interrupt is over. How long it takes is for make bench, where a ns
 * is an instruction.
 */
static void delivery_irq_overhead(struct kunit *test)
{
	struct fake_test *ft = test->priv;
	struct pci_ep_db_request req = fake_kicks(ft, 1);
	int irq = ft->fake->irq[1].virq;
	struct overhead bare = {}, ours = {};
	struct pci_ep_db_set *set;

	KUNIT_ASSERT_EQ(test, 0, request_irq(irq, overhead_bare, 0, "bare", &bare));
	overhead_measure(&bare, irq);
	free_irq(irq, &bare);

	req.handler = overhead_rung;
	req.priv = &ours;
	req.gone = NULL;
	fake_backend_register(ft->bus);
	set = fake_alloc(ft->fake, &req);
	set->settings.storm_percent = 100;
	KUNIT_ASSERT_EQ(test, 0, pci_ep_db_enable(set));
	overhead_measure(&ours, ft->fake->irq[0].virq);
	fake_free(ft->fake, set);

	KUNIT_EXPECT_EQ(test, OVERHEAD_ROUNDS, bare.calls);
	KUNIT_EXPECT_EQ(test, OVERHEAD_ROUNDS, ours.calls);
	kunit_info(test, "overhead bare %llu ours %llu\n",
		   div_u64(bare.ns, OVERHEAD_ROUNDS), div_u64(ours.ns, OVERHEAD_ROUNDS));
}

struct ringer {
	struct hrtimer		timer;
	struct fake_epc		*fake;
	bool			stop;
};

static enum hrtimer_restart ringer_timer(struct hrtimer *timer)
{
	struct ringer *ringer = container_of(timer, struct ringer, timer);

	if (READ_ONCE(ringer->stop))
		return HRTIMER_NORESTART;
	generic_handle_irq_safe(ringer->fake->irq[0].virq);
	hrtimer_forward_now(timer, ns_to_ktime(20 * NSEC_PER_USEC));

	return HRTIMER_RESTART;
}

static void ringer_start(struct ringer *ringer, struct fake_epc *fake)
{
	ringer->fake = fake;
	ringer->stop = false;
	hrtimer_setup_on_stack(&ringer->timer, ringer_timer, CLOCK_MONOTONIC,
			       HRTIMER_MODE_REL_HARD);
	hrtimer_start(&ringer->timer, 0, HRTIMER_MODE_REL_HARD);
}

static void ringer_stop(struct ringer *ringer)
{
	WRITE_ONCE(ringer->stop, true);
	hrtimer_cancel(&ringer->timer);
	destroy_hrtimer_on_stack(&ringer->timer);
}

/* The host rings on while the set is freed, many times. */
static void free_during_rings(struct kunit *test, bool can_sleep)
{
	struct fake_test *ft = test->priv;
	struct pci_ep_db_request req = fake_kicks(ft, 1);
	struct pci_ep_db_set *set;
	struct ringer ringer;
	unsigned int i;
	int calls;

	fake_backend_register(ft->bus);
	req.can_sleep = can_sleep;
	ringer_start(&ringer, ft->fake);
	for (i = 0; i < 20; i++) {
		set = pci_ep_db_alloc(ft->fake->epf, &req);
		if (IS_ERR(set))
			break;
		reinit_completion(&ft->log->called);
		pci_ep_db_enable(set);
		wait_for_completion_timeout(&ft->log->called, HZ);
		pci_ep_db_free(set);
		calls = atomic_read(&ft->log->calls);
		usleep_range(500, 600);
		if (atomic_read(&ft->log->calls) != calls)
			break;
	}
	ringer_stop(&ringer);
	KUNIT_EXPECT_EQ(test, 20, i);
	KUNIT_EXPECT_GE(test, atomic_read(&ft->log->calls), 20);
}

static void delivery_free_during_rings(struct kunit *test)
{
	free_during_rings(test, false);
}

static void delivery_free_during_rings_sleeping(struct kunit *test)
{
	free_during_rings(test, true);
}

/* As above, for disable: whenever it has returned there is silence. */
static void delivery_disable_during_rings(struct kunit *test)
{
	struct fake_test *ft = test->priv;
	struct pci_ep_db_set *set = irq_set(ft, 1, false);
	struct ringer ringer;
	unsigned int i;
	int calls = 0;

	ringer_start(&ringer, ft->fake);
	for (i = 0; i < 100; i++) {
		reinit_completion(&ft->log->called);
		pci_ep_db_enable(set);
		wait_for_completion_timeout(&ft->log->called, HZ);
		pci_ep_db_disable(set);
		calls = atomic_read(&ft->log->calls);
		usleep_range(100, 150);
		if (atomic_read(&ft->log->calls) != calls)
			break;
	}
	ringer_stop(&ringer);
	KUNIT_EXPECT_EQ(test, 100, i);
	KUNIT_EXPECT_GE(test, calls, 100);
}

static void toggle_thread(void *data)
{
	struct pci_ep_db_set *set = data;
	unsigned int i;

	for (i = 0; i < 500; i++) {
		pci_ep_db_disable(set);
		pci_ep_db_enable(set);
		usleep_range(10, 20);
	}
}

/* Whatever disable and enable do meanwhile, the last ring gets through. */
static void delivery_none_lost(struct kunit *test)
{
	struct fake_test *ft = test->priv;
	struct pci_ep_db_set *set = irq_set(ft, 1, true);
	struct fake_thread thread;
	struct storm storm = {};
	unsigned int i;

	ft->log->hook = storm_handler;
	ft->log->data = &storm;
	KUNIT_ASSERT_EQ(test, 0, pci_ep_db_enable(set));
	for (i = 0; i < 10; i++) {
		fake_thread_run(test, &thread, toggle_thread, set);
		while (!completion_done(&thread.done)) {
			atomic_inc(&storm.rings);
			fake_ring(ft->fake, set, 0);
			usleep_range(20, 50);
		}
		fake_thread_wait(test, &thread);
		expect_storm_delivered(test, &storm);
	}
}

/* Several functions of one controller */
static void delivery_two_functions(struct kunit *test)
{
	struct fake_test *ft = test->priv;
	struct pci_epf *second = fake_epf_create(ft->fake);
	struct fake_log *log = fake_log_create(ft->fake);
	struct pci_ep_db_request req = fake_request(log, PCI_EP_DB_MAILBOX, 1,
						    PCI_EP_DB_CONTROLLER);
	struct pci_ep_db_set *one = word_set(ft, PCI_EP_DB_MAILBOX, 1), *two;

	two = pci_ep_db_alloc(second, &req);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, two);
	KUNIT_ASSERT_EQ(test, 0, pci_ep_db_enable(one));
	KUNIT_ASSERT_EQ(test, 0, pci_ep_db_enable(two));
	KUNIT_EXPECT_EQ(test, 0, fake_ring_value(ft->fake, two, 0, 2));
	KUNIT_EXPECT_FALSE(test, pci_ep_db_poll(one));
	KUNIT_EXPECT_TRUE(test, pci_ep_db_poll(two));
	pci_ep_db_free(two);
	KUNIT_EXPECT_EQ(test, 0, fake_ring_value(ft->fake, one, 0, 1));
	KUNIT_EXPECT_TRUE(test, pci_ep_db_poll(one));
	KUNIT_EXPECT_EQ(test, 1, atomic_read(&log->calls));
	expect_calls(test, 1);
}

/*
 * Words for which nobody looks: a backend that is told of each write, by a
 * controller that traps it, rings itself.
 */
static struct pci_ep_db_set *trapped_set(struct fake_test *ft,
					 enum pci_ep_db_kind kind, bool can_sleep)
{
	struct pci_ep_db_request req = fake_request(ft->log, kind, 2,
						    PCI_EP_DB_CONTROLLER);

	req.can_sleep = can_sleep;
	ft->memory->offer.process = false;
	fake_backend_register(ft->memory);

	return fake_alloc(ft->fake, &req);
}

static void trapped_ring(struct kunit *test, struct pci_ep_db_set *set, u32 value)
{
	struct fake_test *ft = test->priv;

	KUNIT_ASSERT_EQ(test, 0, fake_ring_value(ft->fake, set, 1, value));
	pci_ep_db_ring(set, 1);
}

static void trapped_kind(struct kunit *test, enum pci_ep_db_kind kind)
{
	struct fake_test *ft = test->priv;
	struct pci_ep_db_set *set = trapped_set(ft, kind, false);
	u32 expected = kind == PCI_EP_DB_KICK ? 0 : 7;

	KUNIT_EXPECT_EQ(test, 0, fake_threads());
	KUNIT_ASSERT_EQ(test, 0, pci_ep_db_enable(set));
	trapped_ring(test, set, 7);
	expect_calls(test, 1);
	KUNIT_EXPECT_EQ(test, 1, ft->log->index[0]);
	KUNIT_EXPECT_EQ(test, expected, ft->log->value[0]);

	/* Told, but there is nothing: not a ring, of either doorbell. */
	pci_ep_db_ring(set, 1);
	pci_ep_db_ring(set, 0);
	expect_calls(test, 1);

	/* The same again, which a value cannot tell from nothing */
	trapped_ring(test, set, 7);
	expect_calls(test, kind == PCI_EP_DB_VALUE ? 1 : 2);
}

static void delivery_trapped_kick(struct kunit *test)
{
	trapped_kind(test, PCI_EP_DB_KICK);
}

static void delivery_trapped_value(struct kunit *test)
{
	trapped_kind(test, PCI_EP_DB_VALUE);
}

static void delivery_trapped_mailbox(struct kunit *test)
{
	trapped_kind(test, PCI_EP_DB_MAILBOX);
}

/* What was rung before it was enabled comes then, though nobody rings again. */
static void trapped_kept(struct kunit *test, bool can_sleep)
{
	struct fake_test *ft = test->priv;
	struct pci_ep_db_set *set = trapped_set(ft, PCI_EP_DB_MAILBOX, can_sleep);

	trapped_ring(test, set, 3);
	expect_calls(test, 0);
	KUNIT_ASSERT_EQ(test, 0, pci_ep_db_enable(set));
	FAKE_WAIT(test, &ft->log->called);
	pci_ep_db_disable(set);
	KUNIT_EXPECT_EQ(test, 3, ft->log->value[0]);
	expect_calls(test, 1);
}

static void delivery_trapped_kept(struct kunit *test)
{
	trapped_kept(test, false);
}

static void delivery_trapped_kept_sleeping(struct kunit *test)
{
	trapped_kept(test, true);
}

/* The handler stops at its budget, and the next command waits: nobody rings for it. */
static void delivery_trapped_again(struct kunit *test)
{
	struct fake_test *ft = test->priv;
	struct pci_ep_db_set *set = trapped_set(ft, PCI_EP_DB_MAILBOX, false);
	unsigned int i;

	ft->log->hook = leave_another;
	atomic_set(&ft->log->again, 6);
	KUNIT_ASSERT_EQ(test, 0, pci_ep_db_enable(set));
	trapped_ring(test, set, 1);
	for (i = 0; i < 8; i++)
		FAKE_WAIT(test, &ft->log->called);
	pci_ep_db_disable(set);
	expect_calls(test, 8);
	KUNIT_EXPECT_EQ(test, 1, ft->log->value[6]);
	KUNIT_EXPECT_EQ(test, 2, ft->log->value[7]);
}

/* Throttled, and then delivered, without another ring. */
static void trapped_storm(struct kunit *test, bool can_sleep)
{
	struct fake_test *ft = test->priv;
	struct pci_ep_db_set *set = trapped_set(ft, PCI_EP_DB_VALUE, can_sleep);
	struct storm storm = { .cost = STORM_COST };
	unsigned long start = jiffies;
	bool throttled = false;
	unsigned int windows;

	ft->log->hook = storm_handler;
	ft->log->data = &storm;
	KUNIT_ASSERT_EQ(test, 0, pci_ep_db_enable(set));
	while (time_before(jiffies, start + HZ / 5)) {
		trapped_ring(test, set, atomic_inc_return(&storm.rings));
		throttled |= pci_ep_db_throttled(set);
	}
	windows = jiffies_to_msecs(jiffies - start) / 20 + 3;
	KUNIT_EXPECT_LE(test, atomic_read(&ft->log->calls), windows);
	KUNIT_EXPECT_TRUE(test, throttled);
	expect_storm_delivered(test, &storm);
}

static void delivery_trapped_storm(struct kunit *test)
{
	trapped_storm(test, false);
}

static void delivery_trapped_storm_sleeping(struct kunit *test)
{
	trapped_storm(test, true);
}

/* Rings that nobody listens to cost something as well: their interrupts. */
static void delivery_trapped_cost(struct kunit *test)
{
	struct fake_test *ft = test->priv;
	unsigned int percent = fake_set_storm_percent(1);
	struct pci_ep_db_set *set = trapped_set(ft, PCI_EP_DB_KICK, false);
	unsigned long start = jiffies;
	u64 wait = 0;

	/* 200 us of 20 ms */
	while (!wait && time_before(jiffies, start + HZ)) {
		pci_ep_db_ring(set, 1);
		wait = pci_ep_db_throttled(set);
	}
	fake_set_storm_percent(percent);
	KUNIT_EXPECT_NE(test, 0, wait);
	KUNIT_EXPECT_LE(test, wait, 20 * NSEC_PER_MSEC);
}

/*
 * Ring a throttled set until its window is over, @value and what follows. False
 * if others had the CPU for so long that this came to nothing.
 */
static bool ring_throttled(struct kunit *test, struct pci_ep_db_set *set,
			   unsigned int value)
{
	struct task_struct *task = to_db_set_priv(set)->worker->task;
	struct fake_test *ft = test->priv;
	unsigned int last = value + 20, i;
	unsigned long switches;

	trapped_ring(test, set, value++);
	FAKE_WAIT(test, &ft->log->called);
	pci_ep_db_account(set, STORM_COST);
	trapped_ring(test, set, value++);
	usleep_range(1000, 2000);
	switches = READ_ONCE(task->nvcsw);
	for (i = value; i < last && pci_ep_db_throttled(set); i++) {
		trapped_ring(test, set, i);
		usleep_range(100, 200);
	}
	if (i == value)
		return false;
	/* Once, when the window is over */
	KUNIT_EXPECT_LE(test, READ_ONCE(task->nvcsw) - switches, 1);

	return true;
}

/* While it is throttled, a ring does not wake the thread. */
static void delivery_trapped_not_in_vain(struct kunit *test)
{
	struct fake_test *ft = test->priv;
	struct pci_ep_db_set *set = trapped_set(ft, PCI_EP_DB_VALUE, true);
	unsigned int tries = 20;

	KUNIT_ASSERT_EQ(test, 0, pci_ep_db_enable(set));
	while (!ring_throttled(test, set, tries * 100))
		KUNIT_ASSERT_GT(test, --tries, 0);
}

static struct kunit_case delivery_cases[] = {
	KUNIT_CASE(delivery_disabled_at_first),
	KUNIT_CASE(delivery_kept_while_disabled),
	KUNIT_CASE(delivery_kept_while_disabled_word),
	KUNIT_CASE(delivery_ring_during_handler),
	KUNIT_CASE(delivery_ring_during_handler_word),
	KUNIT_CASE(delivery_mailbox_counts),
	KUNIT_CASE(delivery_mailbox_equal_commands),
	KUNIT_CASE(delivery_mailbox_again),
	KUNIT_CASE(delivery_value),
	KUNIT_CASE(delivery_value_while_disabled),
	KUNIT_CASE(delivery_rearm),
	KUNIT_CASE(delivery_rearm_against_scan),
	KUNIT_CASE(delivery_rearm_is_no_ring),
	KUNIT_CASE(delivery_no_content),
	KUNIT_CASE(delivery_disable_one_waits),
	KUNIT_CASE(delivery_disable_all_waits),
	KUNIT_CASE(delivery_enable_against_disable),
	KUNIT_CASE(delivery_enable_against_disable_last),
	KUNIT_CASE(delivery_free_waits),
	KUNIT_CASE(delivery_disable_in_handler),
	KUNIT_CASE(delivery_disable_all_in_handler),
	KUNIT_CASE(delivery_enable_in_handler),
	KUNIT_CASE(delivery_free_in_handler),
	KUNIT_CASE(delivery_again),
	KUNIT_CASE(delivery_again_sleeping),
	KUNIT_CASE(delivery_again_word),
	KUNIT_CASE(delivery_can_sleep),
	KUNIT_CASE(delivery_hard),
	KUNIT_CASE(delivery_not_distinct),
	KUNIT_CASE(delivery_irqs_in_common),
	KUNIT_CASE(delivery_storm),
	KUNIT_CASE(delivery_storm_sleeping),
	KUNIT_CASE(delivery_storm_shared),
	KUNIT_CASE(delivery_unmasks_in_time),
	KUNIT_CASE(delivery_free_throttled),
	KUNIT_CASE(delivery_irq_overhead),
	KUNIT_CASE(delivery_free_during_rings),
	KUNIT_CASE(delivery_free_during_rings_sleeping),
	KUNIT_CASE(delivery_disable_during_rings),
	KUNIT_CASE(delivery_none_lost),
	KUNIT_CASE(delivery_two_functions),
	KUNIT_CASE(delivery_trapped_kick),
	KUNIT_CASE(delivery_trapped_value),
	KUNIT_CASE(delivery_trapped_mailbox),
	KUNIT_CASE(delivery_trapped_kept),
	KUNIT_CASE(delivery_trapped_kept_sleeping),
	KUNIT_CASE(delivery_trapped_again),
	KUNIT_CASE(delivery_trapped_storm),
	KUNIT_CASE(delivery_trapped_storm_sleeping),
	KUNIT_CASE(delivery_trapped_cost),
	KUNIT_CASE(delivery_trapped_not_in_vain),
	{}
};

static struct kunit_suite delivery_suite = {
	.name = "pci-ep-doorbell-delivery",
	.init = fake_test_init,
	.test_cases = delivery_cases,
};

kunit_test_suites(&delivery_suite);

MODULE_LICENSE("GPL");
