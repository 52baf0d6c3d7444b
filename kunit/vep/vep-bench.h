/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Virtual endpoint: what the parts of the bench share
 */
#ifndef _VEP_BENCH_H
#define _VEP_BENCH_H

#include <linux/atomic.h>
#include <linux/mutex.h>
#include <linux/types.h>

struct dentry;

/**
 * struct bench_meter - rings, and how long each took to reach its handler
 * @lock: one measurement at a time
 * @handled: how many rings reached the handler
 * @when: when the last one did, in ns of the monotonic clock
 * @samples: ns from each ring to the handler
 * @count: how many
 * @ring: rings once
 * @watch: a thread that handles what is rung while it is measured; NULL if
 *	somebody else does
 * @priv: for @ring and @watch
 */
struct bench_meter {
	struct mutex	lock; /* one measurement at a time */
	atomic_t	handled;
	u64		when;
	u64		*samples;
	unsigned int	count;
	int		(*ring)(void *priv);
	int		(*watch)(void *priv);
	void		*priv;
};

void bench_handled(struct bench_meter *meter);
void bench_init_meter(struct bench_meter *meter, int (*ring)(void *priv),
		      int (*watch)(void *priv), void *priv);
void bench_free_meter(struct bench_meter *meter);
void bench_create_file(const char *name, struct bench_meter *meter,
		       struct dentry *dir);

__scanf(3, 4)
int bench_scan(const char __user *ubuf, size_t size, const char *fmt, ...);

extern struct dentry *bench_dir;

int bench_ntb_init(void);
void bench_ntb_exit(void);
#ifdef CONFIG_PCI_ENDPOINT_DOORBELL
int bench_epf_init(void);
void bench_epf_exit(void);
#else
static inline int bench_epf_init(void) { return 0; }
static inline void bench_epf_exit(void) { }
#endif

#endif /* _VEP_BENCH_H */
