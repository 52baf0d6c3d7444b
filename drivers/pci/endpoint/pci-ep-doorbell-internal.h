/* SPDX-License-Identifier: GPL-2.0 */
/*
 * PCI endpoint doorbells: what the parts of the core share
 */

#ifndef __PCI_EP_DOORBELL_INTERNAL_H
#define __PCI_EP_DOORBELL_INTERNAL_H

#include <linux/hrtimer.h>
#include <linux/kthread.h>
#include <linux/mutex.h>
#include <linux/pci-ep-doorbell.h>
#include <linux/sched.h>
#include <linux/spinlock.h>
#include <linux/timekeeping.h>
#include <linux/workqueue.h>

#include "pci-ep-doorbell-layout.h"

struct pci_ep_db_bar;
struct pci_ep_db_dir;

/**
 * enum pci_ep_db_state - the life of a set
 * @PCI_EP_DB_LIVE: its backend serves it
 * @PCI_EP_DB_PENDING: it waits for a provider that is not there yet
 * @PCI_EP_DB_ENDING: it is being torn down, by pci_ep_db_free() or because
 *	the backend goes away
 * @PCI_EP_DB_GONE: the backend is gone and the holder was told; or none came,
 *	or the controller went before one did
 */
enum pci_ep_db_state {
	PCI_EP_DB_LIVE,
	PCI_EP_DB_PENDING,
	PCI_EP_DB_ENDING,
	PCI_EP_DB_GONE,
};

/**
 * struct pci_ep_db_bell - one doorbell
 * @set: its set
 * @value: the last datum, for a handler that asked to be called again
 * @rings: how often the handler was called
 * @masked: its IRQ is disabled until the set is no longer throttled
 */
struct pci_ep_db_bell {
	struct pci_ep_db_set_priv	*set;
	u32				value;
	unsigned long			rings;
	bool				masked;
};

/* No doorbell's handler is running */
#define PCI_EP_DB_NOBODY	UINT_MAX

/**
 * struct pci_ep_db_set_priv - a set, as the core knows it
 * @pub: what backends know
 * @id: number for debugfs
 * @node: entry in the list of all sets
 * @dir: its directory in sysfs; NULL if it has none
 * @offer: what the backend promised; of a pending set the one it waits for
 * @caps: what it has, PCI_EP_DB_ISOLATED included
 * @layout: where the doorbells are
 * @bar: the BAR they are in; NULL for PCI_EP_DB_FORM_BAR
 * @bar_node: entry in the list of the BAR's sets
 * @shown: @bar has a window for it
 * @memory: where that leads instead of to the targets: the words of a BAR that
 *	was free, or what late rings reach once the backend is gone
 * @memory_phys: its bus address
 * @memory_size: its bytes
 * @state: changed under the core's mutex and @lock
 * @ender: who tears it down
 * @wait: asks again whether its provider is there
 * @deadline: when it takes what there is, in jiffies; 0 before it is awaited
 * @bell: the doorbells
 * @enabled: the handler may be called for these
 * @pending: these were rung, or may have been
 * @again: the handler stopped at its budget for these
 * @known: what the word of each holds when it is not a ring; under @lock
 * @row: the first word, where all are side by side from an address on that is
 *	a multiple of 8; otherwise NULL
 * @disabling: who disables all doorbells waits for the handler; under @lock
 * @flags: PCI_EP_DB_RUNNING
 * @running: the doorbell whose handler runs, or PCI_EP_DB_NOBODY
 * @runner: who runs it
 * @lock: protects the words, what is known of them, and masking
 * @delivering: rings may be masked, deferred, handed to @worker; under @lock
 * @worker: calls the handler, where it must sleep and the backend cannot
 * @work: for @worker
 * @timer: delivers what was throttled
 * @window: start of the accounting window, in ns
 * @busy: time spent since then, in ns
 * @irqs: number of doorbells whose IRQ is requested
 */
struct pci_ep_db_set_priv {
	struct pci_ep_db_set		pub;
	unsigned int			id;
	struct list_head		node;
	struct pci_ep_db_dir		*dir;
	struct pci_ep_db_offer		offer;
	u32				caps;
	struct pci_ep_db_layout		layout;
	struct pci_ep_db_bar		*bar;
	struct list_head		bar_node;
	bool				shown;
	void				*memory;
	dma_addr_t			memory_phys;
	size_t				memory_size;

	enum pci_ep_db_state		state;
	struct task_struct		*ender;
	struct delayed_work		wait;
	u64				deadline;

	struct pci_ep_db_bell		*bell;
	unsigned long			*enabled;
	unsigned long			*pending;
	unsigned long			*again;
	__le32				*known;
	const __le32			*row;
	unsigned int			disabling;
	unsigned long			flags;
	unsigned int			running;
	struct task_struct		*runner;
	raw_spinlock_t			lock;

	bool				delivering;
	struct kthread_worker		*worker;
	struct kthread_work		work;
	struct hrtimer			timer;
	u64				window;
	atomic64_t			busy;
	unsigned int			irqs;
};

/**
 * struct pci_ep_db_spent - for pci_ep_db_account(): what a thread spends
 * @start: when it began, in ns
 * @ran: CPU time of the thread until then, in ns, as the scheduler last saw it
 * @switches: how often it had given the CPU up or lost it
 */
struct pci_ep_db_spent {
	u64		start;
	u64		ran;
	unsigned long	switches;
};

static inline struct pci_ep_db_spent pci_ep_db_spend(u64 start)
{
	return (struct pci_ep_db_spent) {
		.start		= start,
		.ran		= current->se.sum_exec_runtime,
		.switches	= current->nvcsw + current->nivcsw,
	};
}

/*
 * CPU time since then, in ns. A handler that sleeps, and whoever had the CPU
 * meanwhile, are not on the account. The scheduler knows to the last switch.
 */
static inline u64 pci_ep_db_spent(const struct pci_ep_db_spent *spent)
{
	if (spent->switches != current->nvcsw + current->nivcsw)
		return current->se.sum_exec_runtime - spent->ran;

	return ktime_get_mono_fast_ns() - spent->start;
}

#define to_db_set_priv(set) container_of_const(set, struct pci_ep_db_set_priv, pub)

/* The core's mutex: protects the registry, the list of sets and their BARs */
extern struct mutex pci_ep_db_mutex;
extern struct list_head pci_ep_db_sets;

int pci_ep_db_live(const struct pci_ep_db_set_priv *set);

int pci_ep_db_describe_ctrl(struct pci_epf *epf,
			    const struct pci_ep_db_request *req,
			    struct pci_ep_db_layout_ctrl *ctrl);
bool pci_ep_db_words_taken(struct pci_ep_db_set_priv *set);
int pci_ep_db_place(struct pci_ep_db_set_priv *set);
void pci_ep_db_unplace(struct pci_ep_db_set_priv *set);
void pci_ep_db_to_scratch(struct pci_ep_db_set_priv *set);

void pci_ep_db_init_delivery(struct pci_ep_db_set_priv *set);
int pci_ep_db_start_delivery(struct pci_ep_db_set_priv *set);
void pci_ep_db_stop_delivery(struct pci_ep_db_set_priv *set);
void pci_ep_db_prime(struct pci_ep_db_set_priv *set);

void pci_ep_db_add_dir(struct pci_ep_db_set_priv *set);
void pci_ep_db_update_dir(struct pci_ep_db_set_priv *set);
void pci_ep_db_del_dir(struct pci_ep_db_set_priv *set);

#if IS_ENABLED(CONFIG_KUNIT)
extern unsigned int pci_ep_db_storm_percent;
extern unsigned int pci_ep_db_provider_timeout;
u64 pci_ep_db_poll_adapt(u64 spin, u64 gap, u64 spin_max);
struct kthread_worker *pci_ep_db_run_worker(struct pci_ep_db_set_priv *set);
void pci_ep_db_log_exposed(const struct pci_ep_db_set_priv *set);
struct pci_ep_db_dir *pci_ep_db_create_dir(struct pci_ep_db_set_priv *set,
					   struct kobject *parent);
#endif

#ifdef CONFIG_DEBUG_FS
void pci_ep_db_record_request(const struct pci_epf *epf,
			      const struct pci_ep_db_request *req);
__printf(2, 3)
void pci_ep_db_record_refusal(const char *backend, const char *fmt, ...);
void pci_ep_db_record_result(const struct pci_ep_db_set_priv *set, int err);
#else
static inline void pci_ep_db_record_request(const struct pci_epf *epf,
					    const struct pci_ep_db_request *req)
{
}

static inline __printf(2, 3)
void pci_ep_db_record_refusal(const char *backend, const char *fmt, ...)
{
}

static inline void pci_ep_db_record_result(const struct pci_ep_db_set_priv *set,
					   int err)
{
}
#endif

#endif /* __PCI_EP_DOORBELL_INTERNAL_H */
