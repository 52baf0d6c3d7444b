// SPDX-License-Identifier: GPL-2.0
/*
 * PCI endpoint doorbells: polled memory
 *
 * Words of memory in a BAR, watched by one thread a set, named after its EPF so
 * that a user can see it, pin it and set its priority. It adapts as
 * cpuidle-haltpoll does (drivers/cpuidle/governors/haltpoll.c): after a ring it
 * spins for a window that grows when the next ring comes soon and shrinks when
 * it does not; otherwise it sleeps, longer and longer to a bound.
 */

#include <linux/cleanup.h>
#include <linux/err.h>
#include <linux/hrtimer.h>
#include <linux/kthread.h>
#include <linux/minmax.h>
#include <linux/module.h>
#include <linux/pci-ep-doorbell.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/time64.h>
#include <linux/timekeeping.h>

/* Spinning, from haltpoll: start of the window, whose maximum users set */
#define POLL_SPIN_START_NS	(50 * NSEC_PER_USEC)

/**
 * struct db_poll - the thread of one set
 * @set: the set
 * @task: the thread
 * @last: when the last ring was found, in ns of the monotonic clock
 * @spin: how long to spin after a ring, in ns
 * @sleep: how long to sleep next, in ns, within what users set
 */
struct db_poll {
	struct pci_ep_db_set	*set;
	struct task_struct	*task;
	u64			last;
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

/* A ring waits for so long at most, plus a quarter for the timer. */
static u64 poll_sleep_max(const struct db_poll *poll)
{
	return (u64)READ_ONCE(poll->set->settings.sleep_max_us) * NSEC_PER_USEC;
}

/* A ring came @gap ns after the one before: was spinning the right thing? */
static void poll_adapt(struct db_poll *poll, u64 gap)
{
	u64 spin_max = poll_spin_max(poll);

	if (gap > poll->spin && gap <= spin_max)
		poll->spin = min(max(poll->spin * 2, POLL_SPIN_START_NS), spin_max);
	else if (gap > spin_max)
		poll->spin = poll->spin / 2 < POLL_SPIN_START_NS ? 0 : poll->spin / 2;
}

/*
 * Sleep until it is time to look again or something wakes us. How long is read
 * after the state is set: who changes a setting wakes us after it was changed.
 */
static void poll_sleep(struct db_poll *poll)
{
	ktime_t timeout;
	u64 ns;

	set_current_state(TASK_IDLE);
	ns = pci_ep_db_throttled(poll->set);
	if (!ns)
		ns = clamp(poll->sleep, poll_sleep_min(poll), poll_sleep_max(poll));
	timeout = ns_to_ktime(ns);
	if (!kthread_should_stop())
		schedule_hrtimeout_range(&timeout, ns / 4, HRTIMER_MODE_REL);
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

static void poll_found(struct db_poll *poll)
{
	u64 now = ktime_get_mono_fast_ns();

	poll_adapt(poll, now - poll->last);
	poll->last = now;
	poll->sleep = poll_sleep_min(poll);
}

/* Look for rings. Returns true to look again at once. */
static bool poll_look(struct db_poll *poll)
{
	u64 now;

	if (pci_ep_db_poll(poll->set)) {
		poll_found(poll);
		return true;
	}

	now = ktime_get_mono_fast_ns();
	if (now - poll->last < min(poll->spin, poll_spin_max(poll))) {
		cpu_relax();
		return true;
	}

	return false;
}

/* One look at the words, and then what there is to do until the next one */
static void poll_once(struct db_poll *poll)
{
	u64 start = ktime_get_mono_fast_ns();
	bool again;

	if (pci_ep_db_throttled(poll->set)) {
		poll_sleep(poll);
		return;
	}

	again = poll_look(poll);
	pci_ep_db_account(poll->set, ktime_get_mono_fast_ns() - start);

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

static const struct pci_ep_db_backend_ops poll_ops = {
	.query	= poll_query,
	.alloc	= poll_alloc,
	.free	= poll_free,
	.start	= poll_start,
	.stop	= poll_stop,
	.wake	= poll_wake,
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
