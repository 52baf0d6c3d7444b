// SPDX-License-Identifier: GPL-2.0
/*
 * PCI endpoint doorbells: delivery
 *
 * From a ring to the handler. Backends report rings by pci_ep_db_ring() or look
 * for them by pci_ep_db_poll(); interrupts are requested and handled here.
 *
 * A ring is never lost: it sets a bit in @pending, the bit is cleared before
 * the handler is called, and whoever finds another CPU running handlers leaves
 * the bit to it. Rings of a disabled doorbell are kept and delivered when it is
 * enabled, but for PCI_EP_DB_VALUE, where enabling takes the current content as
 * what is known.
 *
 * kunit/litmus/ has the order of all this as models, which fail without any one
 * of the barriers.
 *
 * Silence after disable: the runner announces in @running whose handler it is
 * about to call and then looks at @enabled; who disables clears the bit in
 * @enabled and then looks at @running. With a full barrier between each pair
 * one of them sees the other.
 */

#include <linux/bitmap.h>
#include <linux/export.h>
#include <linux/interrupt.h>
#include <linux/lockdep.h>
#include <linux/minmax.h>
#include <linux/module.h>
#include <linux/timekeeping.h>
#include <linux/wait_bit.h>
#include <kunit/static_stub.h>
#include <kunit/visibility.h>

#include "pci-ep-doorbell-internal.h"

/* Bit of flags: somebody calls handlers of this set */
#define PCI_EP_DB_RUNNING	0

/* Accounting is by windows of this length. */
#define DB_WINDOW_NS		(20 * NSEC_PER_MSEC)

/*
 * What an interrupt costs besides what its handler can measure, entry and exit.
 * An estimate; it makes a storm of cheap handlers count.
 */
#define DB_IRQ_COST_NS		2000

/* Passes over the rung doorbells before others get a chance */
#define DB_MAX_PASSES		4

/* How long a ring may wait to be found, if the EPF does not say */
#define DB_LATENCY_US		3000

/* How long delivery waits where it may not go on at once */
#define DB_DEFER_NS		(50 * NSEC_PER_USEC)

VISIBLE_IF_KUNIT unsigned int pci_ep_db_storm_percent = 80;
EXPORT_SYMBOL_IF_KUNIT(pci_ep_db_storm_percent);
module_param_named(storm_percent, pci_ep_db_storm_percent, uint, 0644);
MODULE_PARM_DESC(storm_percent,
		 "share of a CPU, in percent, that the rings of a set may take if it is not told otherwise (1 to 100, default 80)");

static u64 db_budget_ns(const struct pci_ep_db_set *set)
{
	return DB_WINDOW_NS / 100 * READ_ONCE(set->settings.storm_percent);
}

/**
 * pci_ep_db_account() - count time spent for a set
 * @set: the set
 * @ns: time in ns
 *
 * For backends that deliver from process context: they count all they do, the
 * handlers included, but not the time that these sleep. For the others the core
 * does.
 *
 * Context: any.
 */
void pci_ep_db_account(struct pci_ep_db_set *set, u64 ns)
{
	atomic64_add(ns, &to_db_set_priv(set)->busy);
}
EXPORT_SYMBOL_GPL(pci_ep_db_account);

static u64 db_throttled_at(struct pci_ep_db_set_priv *set, u64 now)
{
	u64 age = now - READ_ONCE(set->window);

	if (age >= DB_WINDOW_NS) {
		WRITE_ONCE(set->window, now);
		atomic64_set(&set->busy, 0);
		return 0;
	}

	return atomic64_read(&set->busy) > db_budget_ns(&set->pub) ? DB_WINDOW_NS - age : 0;
}

/**
 * pci_ep_db_throttled() - must delivery wait
 * @set: the set
 *
 * A host that rings without end gets a bounded share of a CPU (storm_percent of
 * &struct pci_ep_db_settings, per window of 20 ms). What comes meanwhile is
 * delivered after.
 *
 * Context: any.
 * Return: ns to wait, 0 if delivery may go on.
 */
u64 pci_ep_db_throttled(struct pci_ep_db_set *set)
{
	return db_throttled_at(to_db_set_priv(set), ktime_get_mono_fast_ns());
}
EXPORT_SYMBOL_GPL(pci_ep_db_throttled);

static bool db_has_work(const struct pci_ep_db_set_priv *set)
{
	return bitmap_intersects(set->pending, set->enabled, set->pub.count);
}

/* Take a ring out of a doorbell's word. Under the set's lock. */
static bool db_take_word(struct pci_ep_db_set_priv *set, unsigned int i, u32 *value)
{
	struct pci_ep_db_bell *bell = &set->bell[i];
	__le32 *word = set->pub.target[i].word;
	bool again = test_and_clear_bit(i, set->again);
	u32 now = le32_to_cpu(READ_ONCE(*word));

	if (set->pub.req.kind == PCI_EP_DB_VALUE) {
		if (cpu_to_le32(now) == set->known[i] && !again)
			return false;
		WRITE_ONCE(set->known[i], cpu_to_le32(now));
		bell->value = now;
	} else if (again && set->pub.req.kind == PCI_EP_DB_MAILBOX) {
		/* The handler is not done with its word; the next one waits. */
		if (now)
			set_bit(i, set->pending);
	} else if (now) {
		/*
		 * No atomic exchange: BAR memory may be non-cacheable, where
		 * it is not guaranteed. A kick between the read and the store
		 * is merged, its handler has not begun.
		 */
		WRITE_ONCE(*word, 0);
		bell->value = now;
	} else if (!again) {
		return false;
	}

	*value = set->pub.req.kind == PCI_EP_DB_KICK ? 0 : bell->value;

	return true;
}

static bool db_take_ring(struct pci_ep_db_set_priv *set, unsigned int i, u32 *value)
{
	bool rung = true;

	*value = 0;
	clear_bit(i, set->pending);

	if (set->pub.target[i].word) {
		guard(raw_spinlock_irqsave)(&set->lock);
		rung = db_take_word(set, i, value);
	}

	/*
	 * What the handler reads it reads after the ring was taken: both what
	 * the host wrote before it rang, and whatever tells it that there is
	 * nothing more to do.
	 */
	mb();

	return rung;
}

static void db_deliver_one(struct pci_ep_db_set_priv *set, unsigned int i)
{
	const struct pci_ep_db_request *req = &set->pub.req;
	u32 value;

	WRITE_ONCE(set->runner, current);
	WRITE_ONCE(set->running, i);
	/* Pairs with the barrier in pci_ep_db_disable_one(). */
	smp_mb();

	if (test_bit(i, set->enabled) && db_take_ring(set, i, &value)) {
		set->bell[i].rings++;
		if (req->handler(&set->pub, i, value, req->priv) == PCI_EP_DB_AGAIN) {
			set_bit(i, set->again);
			set_bit(i, set->pending);
		}
	}

	WRITE_ONCE(set->runner, NULL);
	store_release_wake_up(&set->running, PCI_EP_DB_NOBODY);
}

/* Begun at @start: reading the clock is what takes longest before a handler. */
static void db_pass(struct pci_ep_db_set_priv *set, u64 start)
{
	unsigned int i;

	for_each_set_bit(i, set->pending, set->pub.count)
		if (test_bit(i, set->enabled))
			db_deliver_one(set, i);

	if (!set->offer.process && !set->worker)
		pci_ep_db_account(&set->pub, ktime_get_mono_fast_ns() - start);
}

/* Call the handlers. Returns true if the caller must come back for more. */
static bool db_run(struct pci_ep_db_set_priv *set)
{
	unsigned int pass;
	u64 start;

	for (pass = 0; pass < DB_MAX_PASSES && db_has_work(set); pass++) {
		start = ktime_get_mono_fast_ns();
		if (db_throttled_at(set, start))
			return true;
		/* Another one runs: it looks at pending again when it is done. */
		if (test_and_set_bit(PCI_EP_DB_RUNNING, &set->flags))
			return false;
		db_pass(set, start);
		clear_bit_unlock(PCI_EP_DB_RUNNING, &set->flags);
		/* Pairs with set_bit(pending), test_and_set_bit(RUNNING) above. */
		smp_mb__after_atomic();
	}

	return db_has_work(set);
}

/* Come back later, when the set is no longer throttled. */
static void db_defer(struct pci_ep_db_set_priv *set)
{
	u64 ns = max_t(u64, pci_ep_db_throttled(&set->pub), DB_DEFER_NS);

	guard(raw_spinlock_irqsave)(&set->lock);

	/* What waits already is not put off: the timer unmasks as well. */
	if (set->delivering && !hrtimer_is_queued(&set->timer))
		hrtimer_start(&set->timer, ns_to_ktime(ns), HRTIMER_MODE_REL_SOFT);
}

/*
 * Handlers take spinlocks, and with PREEMPT_RT those sleep. dw-edma handles its
 * emulated interrupt in a thread, with interrupts disabled.
 */
static bool db_must_defer(void)
{
	return IS_ENABLED(CONFIG_PREEMPT_RT) && (in_hardirq() || irqs_disabled());
}

static void db_dispatch(struct pci_ep_db_set_priv *set)
{
	if (set->offer.process)
		return;
	/* While it is throttled nobody is woken in vain. */
	if (set->worker && !pci_ep_db_throttled(&set->pub))
		kthread_queue_work(set->worker, &set->work);
	else if (set->worker || db_must_defer() || db_run(set))
		db_defer(set);
}

static void db_work(struct kthread_work *work)
{
	struct pci_ep_db_set_priv *set = container_of(work, struct pci_ep_db_set_priv, work);
	struct pci_ep_db_spent spent = pci_ep_db_spend(ktime_get_mono_fast_ns());
	bool more = db_run(set);

	pci_ep_db_account(&set->pub, pci_ep_db_spent(&spent));
	if (!more)
		return;
	if (pci_ep_db_throttled(&set->pub))
		db_defer(set);
	else
		kthread_queue_work(set->worker, &set->work);
}

static void db_unmask(struct pci_ep_db_set_priv *set)
{
	unsigned int i;

	for (i = 0; i < set->irqs; i++) {
		/* One at a time: unmasking may be slow, and there may be many. */
		guard(raw_spinlock_irqsave)(&set->lock);

		if (!set->delivering)
			return;
		if (!set->bell[i].masked)
			continue;
		set->bell[i].masked = false;
		enable_irq(set->pub.target[i].irq);
	}
}

static enum hrtimer_restart db_timer(struct hrtimer *timer)
{
	struct pci_ep_db_set_priv *set = container_of(timer, struct pci_ep_db_set_priv, timer);

	/*
	 * Pairs with the barriers in pci_ep_db_ring() and db_irq_handler(): we
	 * find the ring, or db_defer() finds that the timer is not queued.
	 */
	smp_mb();
	db_unmask(set);
	db_dispatch(set);

	return HRTIMER_NORESTART;
}

/* Silence an interrupt that storms. What comes meanwhile is kept pending. */
static void db_mask(struct pci_ep_db_bell *bell, int irq)
{
	struct pci_ep_db_set_priv *set = bell->set;

	scoped_guard(raw_spinlock_irqsave, &set->lock) {
		if (bell->masked || !set->delivering)
			return;
		bell->masked = true;
		disable_irq_nosync(irq);
	}
	db_defer(set);
}

static irqreturn_t db_irq_handler(int irq, void *data)
{
	struct pci_ep_db_bell *bell = data;
	struct pci_ep_db_set_priv *set = bell->set;
	unsigned int i;

	if (set->offer.irq_shared) {
		pci_ep_db_account(&set->pub, DB_IRQ_COST_NS);
		for (i = 0; i < set->pub.count; i++)
			if (set->pub.target[i].irq == irq)
				set_bit(i, set->pending);
		/* Pairs with the barrier at the end of a pass in db_run(). */
		smp_mb();
		/* The line cannot be masked, others have it as well. */
		db_dispatch(set);
	} else {
		pci_ep_db_ring(&set->pub, bell - set->bell);
		if (pci_ep_db_throttled(&set->pub))
			db_mask(bell, irq);
	}

	return IRQ_HANDLED;
}

/**
 * pci_ep_db_ring() - a doorbell was rung
 * @set: the set
 * @index: which doorbell
 *
 * For backends that notice rings themselves. Calls the handler, or has it
 * called; for a backend that delivers from process context it is kept for the
 * next pci_ep_db_poll().
 *
 * A backend that is told by an interrupt of its own asks pci_ep_db_throttled()
 * after it, and holds the interrupt off for so long: the core cannot.
 *
 * Context: any, hard interrupt included.
 */
void pci_ep_db_ring(struct pci_ep_db_set *set, unsigned int index)
{
	struct pci_ep_db_set_priv *priv = to_db_set_priv(set);

	if (WARN_ON_ONCE(index >= set->count))
		return;

	if (!priv->offer.process)
		pci_ep_db_account(set, DB_IRQ_COST_NS);
	set_bit(index, priv->pending);
	/* Pairs with the barrier at the end of a pass in db_run(). */
	smp_mb__after_atomic();
	db_dispatch(priv);
}
EXPORT_SYMBOL_GPL(pci_ep_db_ring);

/* What is taken for a ring too early is looked at again under the lock. */
static void db_look(struct pci_ep_db_set_priv *set, unsigned int i)
{
	if (READ_ONCE(*set->pub.target[i].word) != READ_ONCE(set->known[i]))
		set_bit(i, set->pending);
}

static u64 db_pair_differs(const __le32 *row, const __le32 *known)
{
	return READ_ONCE(*(const u64 *)row) ^ READ_ONCE(*(const u64 *)known);
}

/* Is any of as many words as a long has bits not what is known? */
static bool db_row_differs(const __le32 *row, const __le32 *known)
{
	const __le32 *end = row + BITS_PER_LONG;
	u64 differs = 0;

	/* Four at a time, in two chains: counting would take as long as reading. */
	for (; row < end; row += 8, known += 8) {
		differs |= db_pair_differs(row, known) |
			   db_pair_differs(row + 2, known + 2);
		differs |= db_pair_differs(row + 4, known + 4) |
			   db_pair_differs(row + 6, known + 6);
	}

	return differs;
}

/*
 * The words of as many doorbells as a long has bits, from @i on; those of the
 * bits in @live are enabled. BAR memory may not be cached: words side by side
 * are read two at a time, and those of disabled doorbells not at all.
 */
static void db_look_row(struct pci_ep_db_set_priv *set, unsigned int i,
			unsigned long live)
{
	unsigned long pairs = (live | live >> 1) & (~0UL / 3);
	const __le32 *row = set->row + i, *known = set->known + i;
	unsigned int bit;

	if (live == ~0UL && !db_row_differs(row, known))
		return;

	/* A bit for each pair, on the first of the two */
	for (; pairs; pairs &= pairs - 1) {
		bit = __ffs(pairs);
		if (likely(!db_pair_differs(row + bit, known + bit)))
			continue;
		if (live & BIT(bit))
			db_look(set, i + bit);
		if (live & BIT(bit + 1))
			db_look(set, i + bit + 1);
	}
}

/* Look at all words side by side. Returns true if an enabled doorbell was rung. */
static bool db_look_rows(struct pci_ep_db_set_priv *set)
{
	unsigned long rung = 0, live;
	unsigned int i;

	for (i = 0; i < set->pub.count; i += BITS_PER_LONG) {
		live = READ_ONCE(set->enabled[BIT_WORD(i)]);
		db_look_row(set, i, live);
		rung |= live & READ_ONCE(set->pending[BIT_WORD(i)]);
	}

	return rung;
}

static bool db_look_each(struct pci_ep_db_set_priv *set)
{
	unsigned int i;

	for_each_set_bit(i, set->enabled, set->pub.count)
		db_look(set, i);

	return db_has_work(set);
}

/**
 * pci_ep_db_poll() - look for rings in the words of a set, call the handler
 * @set: a set of memory doorbells
 *
 * Context: process; the handler may sleep.
 * Return: true if there was a ring; there may be more, so call it again.
 */
bool pci_ep_db_poll(struct pci_ep_db_set *set)
{
	struct pci_ep_db_set_priv *priv = to_db_set_priv(set);
	bool rung = priv->row ? db_look_rows(priv) : db_look_each(priv);

	if (rung)
		db_run(priv);

	return rung;
}
EXPORT_SYMBOL_GPL(pci_ep_db_poll);

/**
 * pci_ep_db_idle() - is there nothing to look for
 * @set: the set
 *
 * Context: any.
 * Return: true if all doorbells are disabled.
 */
bool pci_ep_db_idle(struct pci_ep_db_set *set)
{
	return bitmap_empty(to_db_set_priv(set)->enabled, set->count);
}
EXPORT_SYMBOL_GPL(pci_ep_db_idle);

/*
 * A doorbell was enabled for which there may be something to do. The handler is
 * not called from here: the backend may go away as soon as the lock is dropped.
 */
static void db_wake(struct pci_ep_db_set_priv *set)
{
	struct pci_ep_db_backend *backend = set->pub.backend;

	lockdep_assert_held(&set->lock);

	if (backend->ops->wake)
		backend->ops->wake(&set->pub);
	if (set->offer.process || !db_has_work(set))
		return;
	if (set->worker)
		kthread_queue_work(set->worker, &set->work);
	else
		hrtimer_start(&set->timer, 0, HRTIMER_MODE_REL_SOFT);
}

/**
 * pci_ep_db_enable_one() - let rings of one doorbell reach the handler
 * @set: the set
 * @index: which doorbell
 *
 * Rings that came while it was disabled are delivered now, as one. Not so for
 * PCI_EP_DB_VALUE: the current content becomes what is known, and only another
 * one is a ring. Who cares about what came before reads pci_ep_db_value() after
 * this.
 *
 * Context: any.
 * Return: 0; -EINVAL if there is no such doorbell; -ENODEV if the backend is
 * gone; -EAGAIN if the set is pending.
 */
int pci_ep_db_enable_one(struct pci_ep_db_set *set, unsigned int index)
{
	struct pci_ep_db_set_priv *priv = to_db_set_priv(set);
	int ret;

	guard(raw_spinlock_irqsave)(&priv->lock);

	ret = pci_ep_db_live(priv);
	if (ret)
		return ret;
	if (index >= set->count)
		return -EINVAL;
	if (test_bit(index, priv->enabled))
		return 0;
	/* A handler does not undo the disable of all that waits for it. */
	if (priv->disabling && READ_ONCE(priv->runner) == current)
		return 0;

	if (set->req.kind == PCI_EP_DB_VALUE) {
		WRITE_ONCE(priv->known[index], READ_ONCE(*set->target[index].word));
		clear_bit(index, priv->again);
	}
	set_bit(index, priv->enabled);
	/* A ring from now on finds it enabled, or we find the ring. */
	smp_mb__after_atomic();
	db_wake(priv);

	return 0;
}
EXPORT_SYMBOL_GPL(pci_ep_db_enable_one);

/**
 * pci_ep_db_disable_one() - keep rings of one doorbell from the handler
 * @set: the set
 * @index: which doorbell
 *
 * When it has returned, the handler does not run for this doorbell and will
 * not, until it is enabled again. Called by the set's own handler it does not
 * wait. The word of a disabled doorbell can still be read.
 *
 * Context: process, may sleep; or the set's handler.
 */
void pci_ep_db_disable_one(struct pci_ep_db_set *set, unsigned int index)
{
	struct pci_ep_db_set_priv *priv = to_db_set_priv(set);

	if (index >= set->count)
		return;

	clear_bit(index, priv->enabled);
	/* Pairs with the barrier in db_deliver_one(). */
	smp_mb__after_atomic();

	/* One handler of a set runs at a time: if it is us, no other does. */
	if (READ_ONCE(priv->runner) == current)
		return;

	/* Acquire: what the handler did is done for our caller as well. */
	wait_var_event(&priv->running, smp_load_acquire(&priv->running) != index);
}
EXPORT_SYMBOL_GPL(pci_ep_db_disable_one);

/**
 * pci_ep_db_enable() - let rings of all doorbells reach the handler
 * @set: the set
 *
 * See pci_ep_db_enable_one().
 *
 * Context: any.
 * Return: 0; -ENODEV if the backend is gone; -EAGAIN if the set is pending.
 */
int pci_ep_db_enable(struct pci_ep_db_set *set)
{
	int ret = pci_ep_db_live(to_db_set_priv(set));
	unsigned int i;

	for (i = 0; i < set->count && !ret; i++)
		ret = pci_ep_db_enable_one(set, i);

	return ret;
}
EXPORT_SYMBOL_GPL(pci_ep_db_enable);

/**
 * pci_ep_db_expect() - the host will ring soon, or has rung
 * @set: the set
 *
 * Who polls looks at once, and goes on for a while as it does after a ring. For
 * an EPF that knows more than the set: that the host waits for what it was just
 * given, or that another doorbell, which needs no polling, tells of this one.
 * Rings are delivered without it as well, only later.
 *
 * Context: any.
 */
void pci_ep_db_expect(struct pci_ep_db_set *set)
{
	struct pci_ep_db_set_priv *priv = to_db_set_priv(set);

	guard(raw_spinlock_irqsave)(&priv->lock);

	if (!pci_ep_db_live(priv) && set->backend->ops->expect)
		set->backend->ops->expect(set);
}
EXPORT_SYMBOL_GPL(pci_ep_db_expect);

static void db_disabling(struct pci_ep_db_set_priv *set, int change)
{
	guard(raw_spinlock_irqsave)(&set->lock);
	set->disabling += change;
}

/**
 * pci_ep_db_disable() - keep rings of all doorbells from the handler
 * @set: the set
 *
 * See pci_ep_db_disable_one(). A handler that runs meanwhile cannot enable them
 * again.
 *
 * Context: process, may sleep; or the set's handler.
 */
void pci_ep_db_disable(struct pci_ep_db_set *set)
{
	struct pci_ep_db_set_priv *priv = to_db_set_priv(set);
	bool wait = READ_ONCE(priv->runner) != current;
	unsigned int i;

	if (wait)
		db_disabling(priv, 1);
	for (i = 0; i < set->count; i++)
		pci_ep_db_disable_one(set, i);
	if (wait)
		db_disabling(priv, -1);
}
EXPORT_SYMBOL_GPL(pci_ep_db_disable);

/* The word of a doorbell that has one, or an errno */
static __le32 *db_word(struct pci_ep_db_set *set, unsigned int index)
{
	int ret = pci_ep_db_live(to_db_set_priv(set));

	if (ret)
		return ERR_PTR(ret);
	if (index >= set->count)
		return ERR_PTR(-EINVAL);

	return set->target[index].word ?: ERR_PTR(-EOPNOTSUPP);
}

/**
 * pci_ep_db_value() - read the current content of a doorbell
 * @set: the set
 * @index: which doorbell, enabled or not
 * @value: the content; the host wrote it, do not trust it
 *
 * Context: any.
 * Return: 0; -EINVAL if there is no such doorbell; -ENODEV if the backend is
 * gone; -EAGAIN if the set is pending; -EOPNOTSUPP if the doorbells of this set
 * have no content.
 */
int pci_ep_db_value(struct pci_ep_db_set *set, unsigned int index, u32 *value)
{
	struct pci_ep_db_set_priv *priv = to_db_set_priv(set);
	__le32 *word;

	guard(raw_spinlock_irqsave)(&priv->lock);

	word = db_word(set, index);
	if (IS_ERR(word))
		return PTR_ERR(word);
	*value = le32_to_cpu(READ_ONCE(*word));

	return 0;
}
EXPORT_SYMBOL_GPL(pci_ep_db_value);

/**
 * pci_ep_db_rearm() - store a value in a doorbell's word that is not a ring
 * @set: the set
 * @index: which doorbell, enabled or not
 * @value: the new content; 0 unless the kind is PCI_EP_DB_VALUE, because any
 *	other word in a kick or a mailbox is a ring
 *
 * The EPF changes what its host rings in no other way: the word and what is
 * known of it change together. A ring that was not delivered yet is overwritten
 * with it: BAR memory has no compare and exchange that the host would respect.
 *
 * Context: any.
 * Return: see pci_ep_db_value(); -EINVAL also for a value that would be a ring.
 */
int pci_ep_db_rearm(struct pci_ep_db_set *set, unsigned int index, u32 value)
{
	struct pci_ep_db_set_priv *priv = to_db_set_priv(set);
	__le32 *word;

	guard(raw_spinlock_irqsave)(&priv->lock);

	word = db_word(set, index);
	if (IS_ERR(word))
		return PTR_ERR(word);
	if (value && set->req.kind != PCI_EP_DB_VALUE)
		return -EINVAL;
	WRITE_ONCE(*word, cpu_to_le32(value));
	WRITE_ONCE(priv->known[index], cpu_to_le32(value));

	return 0;
}
EXPORT_SYMBOL_GPL(pci_ep_db_rearm);

/*
 * The last step, after which nothing fails: kicks and mailboxes idle at zero,
 * for a value what is there is what is known. No doorbell is enabled yet.
 */
void pci_ep_db_prime(struct pci_ep_db_set_priv *set)
{
	const __le32 *row = set->pub.target[0].word;
	unsigned int i;

	set->row = IS_ALIGNED((unsigned long)row, sizeof(u64)) ? row : NULL;

	for (i = 0; i < set->pub.count; i++) {
		__le32 *word = set->pub.target[i].word;

		if (!word)
			continue;
		if (word != row + i)
			set->row = NULL;
		if (set->pub.req.kind == PCI_EP_DB_VALUE)
			set->known[i] = READ_ONCE(*word);
		else
			WRITE_ONCE(*word, 0);
	}
}

void pci_ep_db_init_delivery(struct pci_ep_db_set_priv *set)
{
	u32 latency = set->pub.req.latency_us ?: DB_LATENCY_US;

	raw_spin_lock_init(&set->lock);
	set->pub.settings = (struct pci_ep_db_settings) {
		.spin_max_us	= 200,
		.sleep_min_us	= min(50u, latency),
		.sleep_max_us	= latency,
		.storm_percent	= clamp(READ_ONCE(pci_ep_db_storm_percent), 1u, 100u),
	};
	set->running = PCI_EP_DB_NOBODY;
	hrtimer_setup(&set->timer, db_timer, CLOCK_MONOTONIC, HRTIMER_MODE_REL_SOFT);
}

/* Of doorbells that have an IRQ in common the first one requests it. */
static bool db_requests_irq(const struct pci_ep_db_set_priv *set, unsigned int index)
{
	const struct pci_ep_db_target *target = set->pub.target;
	unsigned int i;

	for (i = 0; set->offer.irq_shared && i < index; i++)
		if (target[i].irq == target[index].irq)
			return false;

	return true;
}

static void db_free_irqs(struct pci_ep_db_set_priv *set)
{
	while (set->irqs) {
		set->irqs--;
		if (!db_requests_irq(set, set->irqs))
			continue;
		free_irq(set->pub.target[set->irqs].irq, &set->bell[set->irqs]);
		set->bell[set->irqs].masked = false;
	}
}

static int db_request_irqs(struct pci_ep_db_set_priv *set)
{
	unsigned long flags = set->offer.irq_shared ? IRQF_SHARED : 0;
	int ret = 0;

	/* What may not run in the interrupt is deferred: no thread for each. */
	if (IS_ENABLED(CONFIG_PREEMPT_RT))
		flags |= IRQF_NO_THREAD;

	/*
	 * The backend of a shared line must not be masked, its line is level
	 * and not resent: no ONESHOT. The kernel fans out to all holders.
	 */
	while (set->irqs < set->pub.count && set->pub.target[set->irqs].irq > 0) {
		if (db_requests_irq(set, set->irqs))
			ret = request_irq(set->pub.target[set->irqs].irq, db_irq_handler,
					  flags, dev_name(&set->pub.epf->dev),
					  &set->bell[set->irqs]);
		if (ret) {
			db_free_irqs(set);
			return ret;
		}
		set->irqs++;
	}

	return 0;
}

VISIBLE_IF_KUNIT struct kthread_worker *
pci_ep_db_run_worker(struct pci_ep_db_set_priv *set)
{
	KUNIT_STATIC_STUB_REDIRECT(pci_ep_db_run_worker, set);

	return kthread_run_worker(0, "db/%s", dev_name(&set->pub.epf->dev));
}
EXPORT_SYMBOL_IF_KUNIT(pci_ep_db_run_worker);

/*
 * Undo pci_ep_db_start_delivery(). All doorbells are disabled. From the first line on nothing is
 * masked, unmasked or deferred any more.
 */
void pci_ep_db_stop_delivery(struct pci_ep_db_set_priv *set)
{
	scoped_guard(raw_spinlock_irqsave, &set->lock)
		set->delivering = false;

	db_free_irqs(set);
	hrtimer_cancel(&set->timer);
	if (set->worker)
		kthread_destroy_worker(set->worker);
	set->worker = NULL;
}

/*
 * Get ready to deliver: a thread for handlers that sleep where the backend
 * cannot, and the interrupts. They are requested before the backend is asked
 * for its targets: an MSI message is composed when its IRQ is requested.
 */
int pci_ep_db_start_delivery(struct pci_ep_db_set_priv *set)
{
	int ret;

	set->worker = NULL;
	/* What a backend that could not go on left behind is not for this one. */
	bitmap_zero(set->pending, set->pub.req.count);
	atomic64_set(&set->busy, 0);
	kthread_init_work(&set->work, db_work);
	if (set->pub.req.can_sleep && !set->offer.process) {
		set->worker = pci_ep_db_run_worker(set);
		if (IS_ERR(set->worker)) {
			ret = PTR_ERR(set->worker);
			set->worker = NULL;
			return ret;
		}
	}

	set->delivering = true;
	ret = db_request_irqs(set);
	if (ret)
		pci_ep_db_stop_delivery(set);

	return ret;
}
