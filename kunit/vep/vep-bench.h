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
 * @priv: for @ring
 */
struct bench_meter {
	struct mutex	lock; /* one measurement at a time */
	atomic_t	handled;
	u64		when;
	u64		*samples;
	unsigned int	count;
	int		(*ring)(void *priv);
	void		*priv;
};

void bench_handled(struct bench_meter *meter);
int bench_measure(struct bench_meter *meter, unsigned int count,
		  unsigned int gap_us);
void bench_init_meter(struct bench_meter *meter, int (*ring)(void *priv),
		      void *priv);
void bench_free_meter(struct bench_meter *meter);
void bench_create_file(const char *name, struct bench_meter *meter,
		       struct dentry *dir);

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
