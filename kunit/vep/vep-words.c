// SPDX-License-Identifier: GPL-2.0
/*
 * Virtual endpoint: words of a BAR whose writes the controller traps
 *
 * As a software endpoint or a vfio-user one does it: a write of the host goes
 * where it would go anyway, and then the controller notes which of the words it
 * touched and asserts its interrupt line. The driver takes the notes, which
 * deasserts the line again, and may hold off the interrupt for a time.
 */
#include <linux/cleanup.h>
#include <linux/export.h>
#include <linux/bitmap.h>
#include <linux/list.h>
#include <linux/lockdep.h>
#include <linux/math.h>
#include <linux/minmax.h>

#include "vep.h"

static void vep_words_update(struct vep *v)
{
	struct vep_words *words;
	bool level = false;

	lockdep_assert_held(&v->words_lock);

	list_for_each_entry(words, &v->words, node)
		level |= words->any && !words->held;
	vep_line_set(v, v->board->dma_lines, level);
}

static enum hrtimer_restart vep_words_timer(struct hrtimer *t)
{
	struct vep_words *words = container_of(t, struct vep_words, timer);

	guard(raw_spinlock_irqsave)(&words->v->words_lock);
	words->held = false;
	vep_words_update(words->v);

	return HRTIMER_NORESTART;
}

/**
 * vep_words_trap() - trap writes to words of a BAR from now on
 * @v: the endpoint
 * @words: the words; @func to @count are set, @written has room for @count bits
 */
void vep_words_trap(struct vep *v, struct vep_words *words)
{
	words->v = v;
	words->any = false;
	words->held = false;
	bitmap_zero(words->written, words->count);
	hrtimer_setup(&words->timer, vep_words_timer, CLOCK_MONOTONIC,
		      HRTIMER_MODE_REL_HARD);

	guard(raw_spinlock_irqsave)(&v->words_lock);
	list_add_tail(&words->node, &v->words);
}
EXPORT_SYMBOL_GPL(vep_words_trap);

/**
 * vep_words_release() - trap these words no more
 * @words: the words
 *
 * A handler of the interrupt may still run, and find nothing.
 *
 * Context: process.
 */
void vep_words_release(struct vep_words *words)
{
	struct vep *v = words->v;

	scoped_guard(raw_spinlock_irqsave, &v->words_lock) {
		list_del_init(&words->node);
		words->any = false;
		vep_words_update(v);
	}
	hrtimer_cancel(&words->timer);
}
EXPORT_SYMBOL_GPL(vep_words_release);

/**
 * vep_words_take() - which words were written
 * @words: the words
 * @written: receives a bit for each that was, since the last time
 *
 * Context: any.
 * Return: false when none was; then @written is left alone.
 */
bool vep_words_take(struct vep_words *words, unsigned long *written)
{
	guard(raw_spinlock_irqsave)(&words->v->words_lock);

	if (!words->any || words->held)
		return false;
	bitmap_copy(written, words->written, words->count);
	bitmap_zero(words->written, words->count);
	words->any = false;
	vep_words_update(words->v);

	return true;
}
EXPORT_SYMBOL_GPL(vep_words_take);

/**
 * vep_words_hold() - hold off the interrupt of these words
 * @words: the words
 * @ns: for how long
 *
 * What is written meanwhile raises it afterwards.
 *
 * Context: any.
 */
void vep_words_hold(struct vep_words *words, u64 ns)
{
	guard(raw_spinlock_irqsave)(&words->v->words_lock);

	if (list_empty(&words->node))
		return;
	words->held = true;
	hrtimer_start(&words->timer, ns_to_ktime(ns), HRTIMER_MODE_REL_HARD);
	vep_words_update(words->v);
}
EXPORT_SYMBOL_GPL(vep_words_hold);

/* Note the words that the bytes from @from to @to touch. */
static void vep_words_note(struct vep_words *words, u64 from, u64 to)
{
	u64 i = 0;

	if (to < words->first)
		return;
	/* The first word that ends at @from or behind it */
	if (from > words->first + sizeof(u32) - 1)
		i = DIV_ROUND_UP_ULL(from - words->first - (sizeof(u32) - 1),
				     words->stride);
	for (; i < words->count && words->first + i * words->stride <= to; i++) {
		__set_bit(i, words->written);
		words->any = true;
	}
}

/**
 * vep_words_write() - a write of the host has gone where it goes
 * @v: the endpoint
 * @hit: what it hit
 * @len: its length
 *
 * Context: any, without the locks of the model.
 */
void vep_words_write(struct vep *v, const struct vep_hit *hit, size_t len)
{
	struct vep_words *words;

	guard(raw_spinlock_irqsave)(&v->words_lock);

	list_for_each_entry(words, &v->words, node)
		if (words->func == hit->func && words->bar == hit->bar)
			vep_words_note(words, hit->offset, hit->offset + len - 1);
	vep_words_update(v);
}
