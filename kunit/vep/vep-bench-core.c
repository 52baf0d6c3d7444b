// SPDX-License-Identifier: GPL-2.0
/*
 * Virtual endpoint: how long rings take
 *
 * Files in vep-bench/ of debugfs ring when they are written to, and then have
 * the ns from each ring to its handler, a line each. 'COUNT GAP' is how many
 * rings, and how many us from one being handled to the next:
 *
 *   ntb	doorbell 0 of a virtual NTB, from the host's driver to the
 *		client of the endpoint's
 *   epf/ring	a doorbell of the function vep_bench, see vep-bench-epf.c
 *   wake	no doorbell: a thread that is woken
 *
 * and 'sleep' has the ns that sleeps of 100 us took. These two are what the
 * machine itself needs.
 */
#include <linux/cleanup.h>
#include <linux/cpumask.h>
#include <linux/debugfs.h>
#include <linux/delay.h>
#include <linux/err.h>
#include <linux/jiffies.h>
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/sched.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/sprintf.h>
#include <linux/stdarg.h>
#include <linux/string.h>
#include <linux/timekeeping.h>
#include <linux/wait.h>

#include "vep-bench.h"

/* A ring that nobody handles for so long is lost. */
#define BENCH_TIMEOUT	(5 * HZ)
#define BENCH_MAX_RINGS	100000
#define BENCH_CMD_MAX	31
/* From here on a gap is slept. */
#define BENCH_SLEEP_US	1000

#define BENCH_SLEEPS	50
#define BENCH_SHORT_US	100

struct dentry *bench_dir;

static DECLARE_WAIT_QUEUE_HEAD(bench_wait);
static atomic_t bench_rung;
static struct bench_meter bench_wake_meter;

void bench_handled(struct bench_meter *meter)
{
	WRITE_ONCE(meter->when, ktime_get_ns());
	/* Pairs with the one in bench_wait_handled(). */
	smp_mb__before_atomic();
	atomic_inc(&meter->handled);
}

/* Until one more than @before was handled */
static int bench_wait_handled(struct bench_meter *meter, int before)
{
	unsigned long end = jiffies + BENCH_TIMEOUT;

	while (atomic_read(&meter->handled) == before) {
		if (time_after(jiffies, end))
			return -ETIMEDOUT;
		cpu_relax();
		/* UML does not preempt the kernel when an interrupt is over. */
		if (need_resched())
			schedule();
	}
	/* Pairs with the one in bench_handled(). */
	smp_mb__after_atomic();

	return 0;
}

static int bench_one(struct bench_meter *meter, u64 *ns)
{
	int before = atomic_read(&meter->handled);
	u64 start = ktime_get_ns();
	int ret = meter->ring(meter->priv);

	ret = ret ?: bench_wait_handled(meter, before);
	*ns = READ_ONCE(meter->when) - start;

	return ret;
}

static void bench_gap(unsigned int us)
{
	if (us >= BENCH_SLEEP_US)
		usleep_range(us, us + us / 10);
	else if (us)
		udelay(us);
}

static int bench_ring_all(struct bench_meter *meter, unsigned int count,
			  unsigned int gap_us)
{
	int ret = 0;

	while (meter->count < count && !ret) {
		bench_gap(gap_us);
		ret = bench_one(meter, &meter->samples[meter->count]);
		meter->count += !ret;
	}

	return ret;
}

/* With a thread on the last CPU, which says that it is there by bench_handled() */
static int bench_ring_watched(struct bench_meter *meter, unsigned int count,
			      unsigned int gap_us)
{
	int before = atomic_read(&meter->handled);
	struct task_struct *task;
	int ret;

	task = kthread_run_on_cpu(meter->watch, meter->priv,
				  cpumask_last(cpu_online_mask), "vep-bench/%u");
	if (IS_ERR(task))
		return PTR_ERR(task);

	ret = bench_wait_handled(meter, before) ?:
	      bench_ring_all(meter, count, gap_us);
	kthread_stop(task);

	return ret;
}

static int bench_measure(struct bench_meter *meter, unsigned int count,
			 unsigned int gap_us)
{
	guard(mutex)(&meter->lock);

	if (!count || count > BENCH_MAX_RINGS)
		return -EINVAL;

	kvfree(meter->samples);
	meter->count = 0;
	meter->samples = kvmalloc_objs(*meter->samples, count);
	if (!meter->samples)
		return -ENOMEM;

	return meter->watch ? bench_ring_watched(meter, count, gap_us) :
			      bench_ring_all(meter, count, gap_us);
}

int bench_scan(const char __user *ubuf, size_t size, const char *fmt, ...)
{
	va_list args;
	int ret;

	if (size > BENCH_CMD_MAX)
		return -EINVAL;

	char *cmd __free(kfree) = memdup_user_nul(ubuf, size);
	if (IS_ERR(cmd))
		return PTR_ERR(cmd);

	va_start(args, fmt);
	ret = vsscanf(cmd, fmt, args);
	va_end(args);

	return ret;
}

static int bench_meter_show(struct seq_file *s, void *unused)
{
	struct bench_meter *meter = s->private;

	guard(mutex)(&meter->lock);

	for (unsigned int i = 0; i < meter->count; i++)
		seq_printf(s, "%llu\n", meter->samples[i]);

	return 0;
}

static ssize_t bench_meter_write(struct file *file, const char __user *ubuf,
				 size_t size, loff_t *ppos)
{
	struct bench_meter *meter = file_inode(file)->i_private;
	unsigned int count, gap;
	int ret;

	ret = bench_scan(ubuf, size, "%u %u", &count, &gap);
	if (ret != 2)
		return ret < 0 ? ret : -EINVAL;
	ret = bench_measure(meter, count, gap);

	return ret ?: size;
}
DEFINE_SHOW_STORE_ATTRIBUTE(bench_meter);

void bench_init_meter(struct bench_meter *meter, int (*ring)(void *priv),
		      int (*watch)(void *priv), void *priv)
{
	mutex_init(&meter->lock);
	meter->ring = ring;
	meter->watch = watch;
	meter->priv = priv;
}

void bench_free_meter(struct bench_meter *meter)
{
	kvfree(meter->samples);
}

void bench_create_file(const char *name, struct bench_meter *meter,
		       struct dentry *dir)
{
	debugfs_create_file(name, 0600, dir, meter, &bench_meter_fops);
}

static int bench_sleep_show(struct seq_file *s, void *unused)
{
	for (unsigned int i = 0; i < BENCH_SLEEPS; i++) {
		u64 start = ktime_get_ns();

		usleep_range(BENCH_SHORT_US, BENCH_SHORT_US + 1);
		seq_printf(s, "%llu\n", ktime_get_ns() - start);
	}

	return 0;
}
DEFINE_SHOW_ATTRIBUTE(bench_sleep);

static int bench_wake_up(void *unused)
{
	atomic_set(&bench_rung, 1);
	wake_up(&bench_wait);

	return 0;
}

static int bench_woken(void *unused)
{
	atomic_set(&bench_rung, 0);
	bench_handled(&bench_wake_meter);

	while (!kthread_should_stop()) {
		wait_event_idle(bench_wait, kthread_should_stop() ||
				atomic_read(&bench_rung));
		if (atomic_xchg(&bench_rung, 0))
			bench_handled(&bench_wake_meter);
	}

	return 0;
}

static int __init bench_init(void)
{
	int ret;

	bench_dir = debugfs_create_dir("vep-bench", NULL);
	bench_init_meter(&bench_wake_meter, bench_wake_up, bench_woken, NULL);
	bench_create_file("wake", &bench_wake_meter, bench_dir);
	debugfs_create_file("sleep", 0400, bench_dir, NULL, &bench_sleep_fops);

	ret = bench_ntb_init();
	if (ret)
		goto remove_dir;
	ret = bench_epf_init();
	if (ret)
		goto exit_ntb;

	return 0;

exit_ntb:
	bench_ntb_exit();
remove_dir:
	debugfs_remove(bench_dir);
	bench_free_meter(&bench_wake_meter);

	return ret;
}
module_init(bench_init);

static void __exit bench_exit(void)
{
	bench_epf_exit();
	bench_ntb_exit();
	debugfs_remove(bench_dir);
	bench_free_meter(&bench_wake_meter);
}
module_exit(bench_exit);

MODULE_DESCRIPTION("Virtual endpoint: how long rings take");
MODULE_LICENSE("GPL");
