// SPDX-License-Identifier: GPL-2.0
/*
 * PCI endpoint doorbells: polled memory
 *
 * Words of memory in a BAR, watched by one thread a set, named after its EPF so
 * that a user can see it, pin it and set its priority. It adapts as
 * cpuidle-haltpoll does (drivers/cpuidle/governors/haltpoll.c): after a ring it
 * spins for a window that grows when the next ring comes soon and shrinks when
 * it does not, while nobody else wants the CPU; otherwise it sleeps, longer and
 * longer to a bound. All sleep is by hrtimer: an idle CPU stops its tick.
 */

#include <linux/cleanup.h>
#include <linux/err.h>
#include <linux/hrtimer.h>
#include <linux/kthread.h>
#include <linux/minmax.h>
#include <linux/module.h>
#include <linux/pci-ep-doorbell.h>
#include <linux/sched.h>
#include <linux/sched/stat.h>
#include <linux/slab.h>
#include <linux/time64.h>
#include <linux/timekeeping.h>
#include <kunit/visibility.h>

#include "../pci-ep-doorbell-internal.h"

/* Spinning, from haltpoll: start of the window, whose maximum users set */
#define POLL_SPIN_START_NS	(50 * NSEC_PER_USEC)

/**
 * struct db_poll - the thread of one set
 * @set: the set
 * @task: the thread
 * @expected: somebody expects a ring; the thread does not know yet
 * @last: when the last ring was found, or one was expected if that was later,
 *	in ns of the monotonic clock
 * @vain: when we looked and found none, or @last if that was later
 * @spin: how long to spin after @last, in ns
 * @sleep: how long to sleep next, in ns, within what users set
 */
struct db_poll {
	struct pci_ep_db_set	*set;
	struct task_struct	*task;
	bool			expected;
	u64			last;
	u64			vain;
	u64			spin;
	u64			sleep;
};

static u64 poll_spin_max(const struct db_poll *poll)
{
	return (u64)READ_ONCE(poll->set->settings.spin_max_us) * NSEC_PER_USEC;
}

static u64 poll_sleep_min(const struct db_poll *poll)
{
	return (u64)READ_ONCE(poll->set->settings.sleep_min_us) * NSEC_PER_USEC;
}

/* A ring waits for so long at most, plus a fifth for the timer. */
static u64 poll_sleep_max(const struct db_poll *poll)
{
	return (u64)READ_ONCE(poll->set->settings.sleep_max_us) * NSEC_PER_USEC;
}

/* A ring came @gap ns after the one before: was spinning for @spin ns right? */
VISIBLE_IF_KUNIT u64 pci_ep_db_poll_adapt(u64 spin, u64 gap, u64 spin_max)
{
	spin = min(spin, spin_max);
	if (gap > spin && gap <= spin_max)
		return min(max(spin * 2, POLL_SPIN_START_NS), spin_max);
	if (gap > spin_max)
		return spin / 2 < POLL_SPIN_START_NS ? 0 : spin / 2;

	return spin;
}
EXPORT_SYMBOL_IF_KUNIT(pci_ep_db_poll_adapt);

/*
 * Sleep until it is time to look again or something wakes us. How long is read
 * after the state is set: who changes a setting wakes us after it was changed.
 */
static void poll_sleep(struct db_poll *poll)
{
	u64 ns, throttled;
	ktime_t timeout;

	set_current_state(TASK_IDLE);
	throttled = pci_ep_db_throttled(poll->set);
	ns = throttled ?: clamp(poll->sleep, poll_sleep_min(poll), poll_sleep_max(poll));
	timeout = ns_to_ktime(ns);
	if (!kthread_should_stop() && (throttled || !READ_ONCE(poll->expected)))
		schedule_hrtimeout_range(&timeout, ns / 5, HRTIMER_MODE_REL);
	__set_current_state(TASK_RUNNING);
}

/* Nothing is enabled: sleep until something is. */
static void poll_wait_enabled(struct db_poll *poll)
{
	set_current_state(TASK_IDLE);
	if (!kthread_should_stop() && pci_ep_db_idle(poll->set))
		schedule();
	__set_current_state(TASK_RUNNING);
}

/* The window and the sleeps begin anew. */
static void poll_restart(struct db_poll *poll, u64 now)
{
	poll->last = now;
	poll->vain = now;
	poll->sleep = poll_sleep_min(poll);
}

/*
 * Somewhere between when we looked in vain and @start, halfway for all we know,
 * the host rang. That we slept too long is not its pace.
 */
static void poll_found(struct db_poll *poll, u64 start)
{
	u64 rung = poll->vain + (start - poll->vain) / 2;

	poll->spin = pci_ep_db_poll_adapt(poll->spin, rung - poll->last,
					  poll_spin_max(poll));
	poll_restart(poll, ktime_get_mono_fast_ns());
}

/* From now on it is like after a ring. Before the look: what comes later counts anew. */
static void poll_expected(struct db_poll *poll, u64 start)
{
	WRITE_ONCE(poll->expected, false);
	/* Pairs with wake_up_process() in poll_expect(). */
	smp_mb();
	poll_restart(poll, start);
}

/* Look for rings. Returns true to look again at once. */
static bool poll_look(struct db_poll *poll, u64 start)
{
	if (pci_ep_db_poll(poll->set)) {
		poll_found(poll, start);
		return true;
	}

	poll->vain = start;
	/* As kvm_vcpu_can_poll() has it: a CPU that others want is not for spinning. */
	if (single_task_running() && !need_resched() &&
	    start - poll->last < min(poll->spin, poll_spin_max(poll))) {
		cpu_relax();
		return true;
	}

	return false;
}

/* One look at the words, and then what there is to do until the next one */
static void poll_once(struct db_poll *poll)
{
	u64 start = ktime_get_mono_fast_ns();
	struct pci_ep_db_spent spent;
	bool again;

	if (pci_ep_db_throttled(poll->set)) {
		poll_sleep(poll);
		/* Nor was that the host's pace. */
		poll->vain = ktime_get_mono_fast_ns();
		return;
	}

	if (READ_ONCE(poll->expected))
		poll_expected(poll, start);

	spent = pci_ep_db_spend(start);
	again = poll_look(poll, start);
	pci_ep_db_account(poll->set, pci_ep_db_spent(&spent));

	if (again) {
		/* Not every kernel preempts us, whatever it was built for. */
		if (need_resched())
			schedule();
	} else if (pci_ep_db_idle(poll->set)) {
		poll_wait_enabled(poll);
	} else {
		poll_sleep(poll);
		poll->sleep = min(poll->sleep * 2, poll_sleep_max(poll));
	}
}

static int poll_thread(void *data)
{
	struct db_poll *poll = data;

	while (!kthread_should_stop())
		poll_once(poll);

	return 0;
}

static int poll_query(struct pci_ep_db_backend *backend, struct pci_epf *epf,
		      const struct pci_ep_db_request *req,
		      struct pci_ep_db_offer *offer)
{
	offer->form = PCI_EP_DB_FORM_MEMORY;
	offer->caps = PCI_EP_DB_DISTINCT | PCI_EP_DB_EXACT;
	offer->max_count = PCI_EP_DB_MAX_COUNT;
	offer->process = true;

	return 0;
}

static int poll_alloc(struct pci_ep_db_set *set)
{
	struct db_poll *poll __free(kfree) = kzalloc_obj(*poll);

	if (!poll)
		return -ENOMEM;

	poll->set = set;
	poll->sleep = poll_sleep_min(poll);
	poll->task = kthread_create(poll_thread, poll, "db/%s",
				    dev_name(&set->epf->dev));
	if (IS_ERR(poll->task))
		return PTR_ERR(poll->task);

	set->backend_data = no_free_ptr(poll);

	return 0;
}

static void poll_free(struct pci_ep_db_set *set)
{
	struct db_poll *poll = set->backend_data;

	/* It may not have been started yet. */
	if (poll->task)
		kthread_stop(poll->task);
	kfree(poll);
}

static int poll_start(struct pci_ep_db_set *set)
{
	struct db_poll *poll = set->backend_data;

	wake_up_process(poll->task);

	return 0;
}

static void poll_stop(struct pci_ep_db_set *set)
{
	struct db_poll *poll = set->backend_data;

	kthread_stop(poll->task);
	poll->task = NULL;
}

static void poll_wake(struct pci_ep_db_set *set)
{
	struct db_poll *poll = set->backend_data;

	wake_up_process(poll->task);
}

static void poll_expect(struct pci_ep_db_set *set)
{
	struct db_poll *poll = set->backend_data;

	/* The caller may have seen what the host wrote: wake_up_process() orders. */
	WRITE_ONCE(poll->expected, true);
	poll_wake(set);
}

static const struct pci_ep_db_backend_ops poll_ops = {
	.query	= poll_query,
	.alloc	= poll_alloc,
	.free	= poll_free,
	.start	= poll_start,
	.stop	= poll_stop,
	.wake	= poll_wake,
	.expect	= poll_expect,
};

static struct pci_ep_db_backend poll_backend = {
	.name	= "poll",
	.type	= PCI_EP_DB_POLL,
	.ops	= &poll_ops,
};

static int __init poll_init(void)
{
	return pci_ep_db_register_backend(&poll_backend);
}
module_init(poll_init);

static void __exit poll_exit(void)
{
	pci_ep_db_unregister_backend(&poll_backend);
}
module_exit(poll_exit);

MODULE_DESCRIPTION("PCI endpoint doorbells in polled memory");
MODULE_LICENSE("GPL");
