/* SPDX-License-Identifier: GPL-2.0 */
/*
 * PCI endpoint doorbells
 *
 * A doorbell is a location in a BAR that the PCI host writes to get the
 * attention of an endpoint function (EPF). The EPF says in a request what it
 * needs; the core finds a backend that can give it, places it in a BAR,
 * delivers rings to one handler, and keeps why the other backends could not.
 *
 * An EPF author reads the first part of this file, the author of a backend
 * also the second.
 */

#ifndef __LINUX_PCI_EP_DOORBELL_H
#define __LINUX_PCI_EP_DOORBELL_H

#include <linux/bits.h>
#include <linux/limits.h>
#include <linux/list.h>
#include <linux/pci-epf.h>
#include <linux/types.h>

struct module;
struct pci_epc;
struct pci_ep_db_backend;
struct pci_ep_db_set;

/**
 * enum pci_ep_db_kind - what a ring means to the EPF
 * @PCI_EP_DB_KICK: something happened; the datum means nothing. Rings may be
 *	merged, a ring after the handler began causes another call.
 * @PCI_EP_DB_VALUE: a register whose current content matters (NVMe tail, head,
 *	CC). Memory cannot tell a write of the same value: that is not a ring.
 * @PCI_EP_DB_MAILBOX: a non-zero word which the host leaves and the core
 *	zeroes, delivered once each (a command register).
 */
enum pci_ep_db_kind {
	PCI_EP_DB_KICK,
	PCI_EP_DB_VALUE,
	PCI_EP_DB_MAILBOX,
};

/**
 * enum pci_ep_db_type - types of backends
 * @PCI_EP_DB_CONTROLLER: the endpoint controller's own, from its driver
 * @PCI_EP_DB_MSI: an MSI controller of the endpoint's SoC (GIC ITS)
 * @PCI_EP_DB_EMBEDDED: a register the controller owns (DesignWare eDMA
 *	interrupt emulation)
 * @PCI_EP_DB_POLL: memory in the BAR, watched by a kthread
 * @PCI_EP_DB_NR_TYPES: how many types there are
 *
 * The order is the default order of preference.
 */
enum pci_ep_db_type {
	PCI_EP_DB_CONTROLLER,
	PCI_EP_DB_MSI,
	PCI_EP_DB_EMBEDDED,
	PCI_EP_DB_POLL,
	PCI_EP_DB_NR_TYPES
};

/*
 * Capabilities, for &struct pci_ep_db_request require and prefer.
 *
 * PCI_EP_DB_DISTINCT: which doorbell rang is known
 * PCI_EP_DB_EXACT: the handler is not called when nobody rang
 * PCI_EP_DB_ISOLATED: the window exposes no other device register to the host
 */
#define PCI_EP_DB_DISTINCT	BIT(0)
#define PCI_EP_DB_EXACT		BIT(1)
#define PCI_EP_DB_ISOLATED	BIT(2)
#define PCI_EP_DB_CAPS		(PCI_EP_DB_DISTINCT | PCI_EP_DB_EXACT | \
				 PCI_EP_DB_ISOLATED)

/* Any offset will do for the first doorbell */
#define PCI_EP_DB_ANY_OFFSET	U32_MAX

/* The most doorbells one request can ask for: the vectors of MSI-X, PCIe r6.0, 7.7.2 */
#define PCI_EP_DB_MAX_COUNT	2048

/**
 * enum pci_ep_db_return - what a handler says when it returns
 * @PCI_EP_DB_DONE: everything that this ring announced was seen to
 * @PCI_EP_DB_AGAIN: the handler stopped at its budget, call it again
 */
enum pci_ep_db_return {
	PCI_EP_DB_DONE,
	PCI_EP_DB_AGAIN,
};

/**
 * typedef pci_ep_db_handler_t - called when a doorbell was rung
 * @set: the set
 * @index: which doorbell of @set. Where the backend cannot tell some apart the
 *	handler is called once for each of them that is enabled.
 * @value: for PCI_EP_DB_VALUE the newest content, for PCI_EP_DB_MAILBOX the
 *	word the host left, otherwise 0. The host wrote it: do not trust it.
 * @priv: &struct pci_ep_db_request priv
 *
 * One handler of a set runs at a time. It may disable and enable any doorbell
 * of its own set, but not free the set.
 *
 * Context: process context if the request said @can_sleep; otherwise any
 * context, hard interrupt one time and softirq or process the next.
 * Return: see &enum pci_ep_db_return.
 */
typedef enum pci_ep_db_return (*pci_ep_db_handler_t)(struct pci_ep_db_set *set,
						     unsigned int index,
						     u32 value, void *priv);

/**
 * struct pci_ep_db_request - what an EPF needs
 * @name: what the doorbells are for; a short word for logs, debugfs and sysfs
 * @kind: see &enum pci_ep_db_kind
 * @count: how many doorbells, 1 to %PCI_EP_DB_MAX_COUNT
 * @min_count: the fewest the EPF can live with; 0 means @count
 * @num_types: number of entries in @types; 0 means every type, in the order of
 *	&enum pci_ep_db_type
 * @types: acceptable types, most wanted first
 * @require: capabilities the EPF cannot live without
 * @prefer: capabilities the EPF would like; it does not get fewer doorbells for
 *	them
 * @bar: the BAR the doorbells must be in, or NO_BAR if any will do
 * @offset: bytes from the start of the BAR to the first doorbell, or
 *	%PCI_EP_DB_ANY_OFFSET
 * @stride: bytes from one doorbell to the next, at least 4 and a multiple of
 *	4; 0 leaves it to the core, doorbells may then share an offset and
 *	differ in their data
 * @align: bytes, a power of two that every doorbell's offset is a multiple of;
 *	0 means 4
 * @lend: mask of BIT(bar): BARs that the EPF has already set and whose memory
 *	it does without while the set lives. The core may put doorbell words
 *	into that memory or replace the mapping; freeing the set brings the
 *	mapping back. BARs which hold memory of the EPF and are not lent are
 *	used for doorbells of memory only where @bar and @offset name the words.
 * @lend_offset: bytes from the start of each BAR in @lend to the part that is
 *	lent
 * @lend_size: bytes of that part; 0, with a @lend_offset of 0, lends all of it.
 *	The host goes on seeing the memory outside that part. For doorbells that
 *	are not words of memory the controller must be able to map parts of a
 *	BAR, and the host must have assigned the BAR an address: ask when the
 *	host has shown that it has, and give the set back when the link goes
 *	down, because these windows stay where the BAR was.
 * @latency_us: where rings are looked for, how long one may wait to be found,
 *	in us from 10 to 1,000,000; 0 leaves it to the core, which says 3000.
 *	Looking less often takes less of a CPU. Users can change it.
 * @can_sleep: the handler must be able to sleep
 * @handler: called for rings
 * @gone: called in process context when the backend went away: every call on
 *	the set but pci_ep_db_free() gives -ENODEV from then on, late rings of
 *	the host reach nobody. May be NULL. May free the set; must not wait for
 *	somebody else who frees it.
 * @ready: the EPF can wait for a provider that is not there yet. The set may
 *	then be pending, see pci_ep_db_await(), and this is called once in
 *	process context when that is over: @err is 0 if the set has doorbells
 *	now, otherwise it has none and every call on it gives -ENODEV. May free
 *	the set; must not wait for somebody else who frees it, nor take a lock
 *	under which somebody does. NULL: the next backend is taken at once.
 * @priv: for @handler, @gone and @ready
 *
 * BARs that hold no memory of the EPF yet may be claimed by the core, with
 * pci_epc_set_bar(); ask for those before the link is up, in epc_init. Who can
 * wait lends the BAR: the host sees only what is there when it looks. Memory
 * that the EPF puts there while the set is pending is lent as well.
 */
struct pci_ep_db_request {
	const char		*name;
	enum pci_ep_db_kind	kind;
	unsigned int		count;
	unsigned int		min_count;
	unsigned int		num_types;
	enum pci_ep_db_type	types[PCI_EP_DB_NR_TYPES];
	u32			require;
	u32			prefer;
	enum pci_barno		bar;
	u32			offset;
	u32			stride;
	u32			align;
	u8			lend;
	u32			lend_offset;
	u32			lend_size;
	u32			latency_us;
	bool			can_sleep;
	pci_ep_db_handler_t	handler;
	void			(*gone)(struct pci_ep_db_set *set, void *priv);
	void			(*ready)(struct pci_ep_db_set *set, int err,
					 void *priv);
	void			*priv;
};

/**
 * struct pci_ep_db_location - where and how the host rings a doorbell
 * @bar: BAR number
 * @offset: bytes from the start of the BAR
 * @data: what to write, 32 bits; for PCI_EP_DB_VALUE and PCI_EP_DB_MAILBOX the
 *	host chooses it, and this is 0
 */
struct pci_ep_db_location {
	enum pci_barno	bar;
	u32		offset;
	u32		data;
};

struct pci_ep_db_set *pci_ep_db_alloc(struct pci_epf *epf,
				      const struct pci_ep_db_request *req);
bool pci_ep_db_await(struct pci_ep_db_set *set);
void pci_ep_db_free(struct pci_ep_db_set *set);
int pci_ep_db_enable(struct pci_ep_db_set *set);
void pci_ep_db_disable(struct pci_ep_db_set *set);
int pci_ep_db_enable_one(struct pci_ep_db_set *set, unsigned int index);
void pci_ep_db_disable_one(struct pci_ep_db_set *set, unsigned int index);
unsigned int pci_ep_db_count(const struct pci_ep_db_set *set);
u32 pci_ep_db_caps(const struct pci_ep_db_set *set);
int pci_ep_db_location(const struct pci_ep_db_set *set, unsigned int index,
		       struct pci_ep_db_location *loc);
int pci_ep_db_value(struct pci_ep_db_set *set, unsigned int index, u32 *value);
int pci_ep_db_rearm(struct pci_ep_db_set *set, unsigned int index, u32 value);
void pci_ep_db_expect(struct pci_ep_db_set *set);

/*
 * For backends
 */

/**
 * enum pci_ep_db_form - what a backend's targets are
 * @PCI_EP_DB_FORM_BUS: a bus address that a window must reach
 * @PCI_EP_DB_FORM_BAR: something the hardware already shows in a BAR
 * @PCI_EP_DB_FORM_MEMORY: words of memory in a BAR, which the core provides
 */
enum pci_ep_db_form {
	PCI_EP_DB_FORM_BUS,
	PCI_EP_DB_FORM_BAR,
	PCI_EP_DB_FORM_MEMORY,
};

/**
 * struct pci_ep_db_offer - what a backend can give to a request
 * @form: what the targets are
 * @caps: PCI_EP_DB_DISTINCT and PCI_EP_DB_EXACT as they apply;
 *	PCI_EP_DB_ISOLATED is found by the core
 * @max_count: the most doorbells that make sense to ask for
 * @process: rings are delivered from process context, by the backend calling
 *	pci_ep_db_poll(); the core needs no thread and no IRQ
 * @irq_shared: several doorbells may have the same IRQ, and then nobody knows
 *	which of them rang; others may have requested it as well, and nobody may
 *	disable it
 * @reason: why not, in words, filled in with pci_ep_db_refuse()
 */
struct pci_ep_db_offer {
	enum pci_ep_db_form	form;
	u32			caps;
	unsigned int		max_count;
	bool			process;
	bool			irq_shared;
	char			reason[96];
};

/**
 * struct pci_ep_db_target - the address a ring must reach on the EP side
 * @irq: Linux IRQ number, set by the backend's alloc; 0 if there is none
 * @data: what the host must write
 * @bar: for PCI_EP_DB_FORM_BAR the BAR
 * @bar_offset: for PCI_EP_DB_FORM_BAR bytes from the start of @bar
 * @addr: for PCI_EP_DB_FORM_BUS the bus address, that is what the inbound
 *	window must produce (an I/O virtual address where an IOMMU is behind it)
 * @clear_base: start of the range around @addr that holds no other device
 *	register
 * @clear_size: bytes of that range; 0 if it is not known
 * @word: for PCI_EP_DB_FORM_MEMORY the word, set by the core
 */
struct pci_ep_db_target {
	int		irq;
	u32		data;
	enum pci_barno	bar;
	u32		bar_offset;
	dma_addr_t	addr;
	dma_addr_t	clear_base;
	u64		clear_size;
	__le32		*word;
};

/**
 * struct pci_ep_db_settings - what users set for a set, in sysfs
 * @spin_max_us: for how long polling spins after a ring, at most
 * @sleep_min_us: for how long it sleeps at first
 * @sleep_max_us: for how long it sleeps at most, not less than @sleep_min_us
 * @storm_percent: the share of a CPU that the rings may take; for the core, see
 *	pci_ep_db_throttled()
 *
 * They change at any time: read them with READ_ONCE(). After a change
 * &struct pci_ep_db_backend_ops wake is called.
 */
struct pci_ep_db_settings {
	u32	spin_max_us;
	u32	sleep_min_us;
	u32	sleep_max_us;
	u32	storm_percent;
};

/**
 * struct pci_ep_db_set - the doorbells one request returned
 * @epf: whose they are
 * @req: the request
 * @backend: who provides them; NULL once it is gone
 * @count: how many, between @req.min_count and @req.count
 * @target: one for each
 * @settings: what users set; written by the core only
 * @backend_data: for the backend
 *
 * For backends and the core. EPFs use the functions.
 */
struct pci_ep_db_set {
	struct pci_epf			*epf;
	struct pci_ep_db_request	req;
	struct pci_ep_db_backend	*backend;
	unsigned int			count;
	struct pci_ep_db_target		*target;
	struct pci_ep_db_settings	settings;
	void				*backend_data;
};

/**
 * struct pci_ep_db_backend_ops - what a backend does
 * @query: say what could be given to this request, without taking anything.
 *	A negative errno and a reason if nothing. -EPROBE_DEFER if that is only
 *	because something is not there yet: with the offer that there will be,
 *	and what is waited for as the reason. It is asked again then, every
 *	100 ms.
 * @alloc: take what the set needs; may lower &struct pci_ep_db_set count down
 *	to req.min_count. Sets target[].irq where there are IRQs. Of words of
 *	memory the core may take fewer still before @start.
 * @get_targets: the IRQs are requested now: tell address and data. May be NULL
 *	for PCI_EP_DB_FORM_MEMORY only.
 * @free: undo @alloc
 * @start: the targets are placed, all doorbells are disabled: begin to watch;
 *	pci_ep_db_location() tells what the host writes. May be NULL.
 * @stop: undo @start; when it has returned, neither pci_ep_db_ring() nor
 *	pci_ep_db_poll() will be called. May be NULL.
 * @wake: something was enabled or is to be looked at again, or a setting was
 *	changed. Called with the set's raw lock held: it wakes what looks, and
 *	calls nothing here. May be NULL.
 * @expect: a ring will come soon, or has: look at once, and for a while. Called
 *	like @wake. May be NULL.
 *
 * All but @wake and @expect are called in process context: @query, @alloc,
 * @get_targets, @free and @start under the core's mutex, one at a time; @stop
 * without it.
 */
struct pci_ep_db_backend_ops {
	int	(*query)(struct pci_ep_db_backend *backend, struct pci_epf *epf,
			 const struct pci_ep_db_request *req,
			 struct pci_ep_db_offer *offer);
	int	(*alloc)(struct pci_ep_db_set *set);
	int	(*get_targets)(struct pci_ep_db_set *set);
	void	(*free)(struct pci_ep_db_set *set);
	int	(*start)(struct pci_ep_db_set *set);
	void	(*stop)(struct pci_ep_db_set *set);
	void	(*wake)(struct pci_ep_db_set *set);
	void	(*expect)(struct pci_ep_db_set *set);
};

/**
 * struct pci_ep_db_backend - what can provide a set
 * @name: shown to users
 * @type: see &enum pci_ep_db_type
 * @ops: see &struct pci_ep_db_backend_ops
 * @epc: the controller it belongs to; NULL if it is asked for every one. If it
 *	may come later than functions are bound, the controller declares
 *	own_doorbell in its &struct pci_epc_features
 * @node: core: entry in the registry
 * @users: core: sets that still use @ops
 */
struct pci_ep_db_backend {
	const char				*name;
	enum pci_ep_db_type			type;
	const struct pci_ep_db_backend_ops	*ops;
	struct pci_epc				*epc;
	struct list_head			node;
	unsigned int				users;
};

int pci_ep_db_register_backend(struct pci_ep_db_backend *backend);
void pci_ep_db_unregister_backend(struct pci_ep_db_backend *backend);
void pci_ep_db_ring(struct pci_ep_db_set *set, unsigned int index);
bool pci_ep_db_poll(struct pci_ep_db_set *set);
void pci_ep_db_account(struct pci_ep_db_set *set, u64 ns);
u64 pci_ep_db_throttled(struct pci_ep_db_set *set);
bool pci_ep_db_idle(struct pci_ep_db_set *set);
__printf(2, 3)
int pci_ep_db_refuse(struct pci_ep_db_offer *offer, const char *fmt, ...);

/*
 * For the endpoint core
 */

#ifdef CONFIG_PCI_ENDPOINT_DOORBELL
void pci_ep_db_controller_gone(struct pci_epc *epc);
#else
static inline void pci_ep_db_controller_gone(struct pci_epc *epc)
{
}
#endif

#endif /* __LINUX_PCI_EP_DOORBELL_H */
