/* SPDX-License-Identifier: GPL-2.0 */
/*
 * PCI endpoint doorbells: a fake endpoint controller, host, and backend
 *
 * The fake host rings through the BARs as they were set, so that a ring reaches
 * its target only if it was placed right.
 */

#ifndef __PCI_EP_DOORBELL_FAKE_H
#define __PCI_EP_DOORBELL_FAKE_H

#include <kunit/test.h>
#include <linux/atomic.h>
#include <linux/completion.h>
#include <linux/hrtimer.h>
#include <linux/iopoll.h>
#include <linux/jiffies.h>
#include <linux/pci-ep-doorbell.h>
#include <linux/pci-epc.h>
#include <linux/pci-epf.h>

/* Generous: a test that waits for so long has failed. */
#define FAKE_TIMEOUT		(60 * HZ)

#define FAKE_FUNCS		4
/* Virtual functions of each */
#define FAKE_VFS		2
#define FAKE_WINDOWS		(FAKE_FUNCS * (1 + FAKE_VFS))
#define FAKE_IRQS		8
#define FAKE_REGS		8
#define FAKE_AUX		4

/* Registers of the fake SoC: no memory is there. */
#define FAKE_MMIO		0x10000000000ULL
/* What the fake IOMMU adds to the address of a register */
#define FAKE_IOVA		0x40000000000ULL
/* What a BAR reaches that shows nothing */
#define FAKE_NOWHERE		U64_MAX

/* As many parts as a BAR can have here */
#define FAKE_PARTS		24

/* The BAR that holds memory of the EPF when a test begins */
#define FAKE_MEM_BAR		BAR_0
#define FAKE_MEM_SIZE		SZ_64K

struct fake_epc;

/**
 * struct fake_irq - an interrupt with an edge
 * @virq: Linux IRQ number
 * @requested: somebody has requested it
 * @timer: makes it a hard interrupt
 */
struct fake_irq {
	int		virq;
	atomic_t	requested;
	struct hrtimer	timer;
};

/**
 * struct fake_reg - a register that the host may ring
 * @addr: its address on the bus behind the inbound windows
 * @data: what must be written to raise @irq
 * @irq: index of the interrupt
 * @bar: BAR in which the hardware shows it, or NO_BAR
 * @offset: where in @bar
 * @writes: how often it was written
 */
struct fake_reg {
	u64		addr;
	u32		data;
	unsigned int	irq;
	enum pci_barno	bar;
	u32		offset;
	atomic_t	writes;
};

/**
 * struct fake_window - what a BAR shows
 * @kept: what the caller gave; the driver keeps the pointer, as DWC does
 * @bar: a copy
 * @part: a copy of its submap
 * @used: how many inbound windows it takes; 0 if it shows nothing
 */
struct fake_window {
	struct pci_epf_bar		*kept;
	struct pci_epf_bar		bar;
	struct pci_epf_bar_submap	part[FAKE_PARTS];
	unsigned int			used;
};

/**
 * struct fake_epc - the fake endpoint controller
 * @test: the test
 * @dev: the device whose driver would have made @epc
 * @epc: the controller
 * @epf: a function, bound to @epc, with memory in FAKE_MEM_BAR
 * @features: may be changed by the test
 * @max_vfs: virtual functions of each function
 * @window: what each BAR of each function shows, of virtual ones after the others
 * @windows: inbound windows that all BARs share
 * @unassigned: the host has not assigned addresses to BARs
 * @set_bars: how often set_bar was called
 * @clear_bars: how often clear_bar was called
 * @fail_set_bar: bit 0 for the next set_bar, bit 1 for the one after, ...
 * @aux: auxiliary resources
 * @num_aux: how many of them; a negative errno fails the query
 * @irq: interrupts
 * @reg: registers
 * @num_regs: how many of them
 * @mmio: if not NULL, asked first about writes of the host to what is no memory;
 *	true if it was the one that was meant
 * @mmio_data: for @mmio
 * @maps: live mappings of registers
 * @map_base: where the last one began
 * @map_size: its bytes
 * @allocs: live allocations of DMA memory
 * @fail_map: the next mapping of a register fails
 * @fail_alloc: allocations of DMA memory fail
 */
struct fake_epc {
	struct kunit			*test;
	struct device			*dev;
	struct pci_epc			*epc;
	struct pci_epf			*epf;
	struct pci_epc_features		features;
	u8				max_vfs[FAKE_FUNCS];
	struct fake_window		window[FAKE_WINDOWS][PCI_STD_NUM_BARS];
	unsigned int			windows;
	bool				unassigned;
	unsigned int			set_bars;
	unsigned int			clear_bars;
	unsigned long			fail_set_bar;
	struct pci_epc_aux_resource	aux[FAKE_AUX];
	int				num_aux;
	struct fake_irq			irq[FAKE_IRQS];
	struct fake_reg			reg[FAKE_REGS];
	unsigned int			num_regs;
	bool				(*mmio)(struct fake_epc *fake, const struct pci_epf *epf,
						u64 addr, u32 value);
	void				*mmio_data;
	atomic_t			maps;
	phys_addr_t			map_base;
	size_t				map_size;
	atomic_t			allocs;
	bool				fail_map;
	bool				fail_alloc;
};

/**
 * struct fake_state - what must be as it was after an undone request
 * @bar: the BARs as the function knows them
 * @kept: the BARs as the controller knows them
 * @phys: where they lead
 * @maps: see &struct fake_epc
 * @allocs: see &struct fake_epc
 * @threads: number of doorbell threads
 */
struct fake_state {
	struct pci_epf_bar	bar[PCI_STD_NUM_BARS];
	struct pci_epf_bar	*kept[PCI_STD_NUM_BARS];
	dma_addr_t		phys[PCI_STD_NUM_BARS];
	int			maps;
	int			allocs;
	unsigned int		threads;
};

/**
 * struct fake_backend - a backend that does what it is told
 * @backend: the backend
 * @fake: its controller
 * @offer: what query answers
 * @query_ret: what query returns, with the reason of @offer
 * @alloc_ret: what alloc returns
 * @targets_ret: what get_targets returns
 * @start_ret: what start returns
 * @give: if not 0, alloc lowers the count to this
 * @first_reg: its doorbells are the registers from this one on
 * @regs: if not 0, so many registers, for the doorbells in turn
 * @clear_size: neighbourhood of a target that holds nothing else
 * @bogus_irq: the IRQ number to give instead of that of the register
 * @ring_in_targets: the register is written while get_targets runs
 * @block_stop: stop waits for @release
 * @stopping: completed by a stop that is about to wait
 * @release: see @block_stop
 * @registered: it is in the registry
 * @queries: how often each op was called
 * @allocs: ditto
 * @targets: ditto
 * @frees: ditto
 * @starts: ditto
 * @stops: ditto
 * @wakes: ditto
 */
struct fake_backend {
	struct pci_ep_db_backend	backend;
	struct fake_epc			*fake;
	struct pci_ep_db_offer		offer;
	int				query_ret;
	int				alloc_ret;
	int				targets_ret;
	int				start_ret;
	unsigned int			give;
	unsigned int			first_reg;
	unsigned int			regs;
	u64				clear_size;
	int				bogus_irq;
	bool				ring_in_targets;
	bool				block_stop;
	struct completion		stopping;
	struct completion		release;
	bool				registered;
	unsigned int			queries;
	unsigned int			allocs;
	unsigned int			targets;
	unsigned int			frees;
	unsigned int			starts;
	unsigned int			stops;
	atomic_t			wakes;
};

#define FAKE_LOG	16

/**
 * struct fake_log - what a handler saw
 * @calls: how often it was called
 * @index: doorbells of the first calls
 * @value: values of the first calls
 * @called: completed by each call
 * @block: the handler waits for @release
 * @entered: completed by a handler that is about to wait
 * @release: see @block
 * @hard: it was called from hard interrupt context
 * @sleepable: it was called where it may sleep
 * @again: how often it says PCI_EP_DB_AGAIN
 * @hook: called from the handler
 * @data: for @hook
 * @fake: for @hook
 * @gone: how often gone was called
 * @free_in_gone: gone frees the set
 */
struct fake_log {
	atomic_t		calls;
	unsigned int		index[FAKE_LOG];
	u32			value[FAKE_LOG];
	struct completion	called;
	bool			block;
	struct completion	entered;
	struct completion	release;
	bool			hard;
	bool			sleepable;
	atomic_t		again;
	void			(*hook)(struct fake_log *log, struct pci_ep_db_set *set,
					unsigned int index, u32 value);
	void			*data;
	struct fake_epc		*fake;
	atomic_t		gone;
	bool			free_in_gone;
};

/**
 * struct fake_thread - something done by another thread
 * @func: what
 * @data: for @func
 * @task: the thread
 * @done: completed at the end
 */
struct fake_thread {
	void			(*func)(void *data);
	void			*data;
	struct task_struct	*task;
	struct completion	done;
};

/**
 * struct fake_test - what a case begins with, its test->priv
 * @fake: the controller
 * @log: for its function's requests
 * @bus: a backend with four registers at one address and an interrupt each;
 *	not registered yet
 * @memory: a backend with words of memory; not registered yet
 * @before: the state before anything was done
 */
struct fake_test {
	struct fake_epc		*fake;
	struct fake_log		*log;
	struct fake_backend	*bus;
	struct fake_backend	*memory;
	struct fake_state	before;
};

int fake_test_init(struct kunit *test);
struct pci_ep_db_request fake_kicks(struct fake_test *ft, unsigned int count);

struct fake_epc *fake_epc_create(struct kunit *test);
struct fake_epc *fake_epc_create_for(struct kunit *test, struct device *dev);
struct pci_epf *fake_epf_create(struct fake_epc *fake);
struct pci_epf *fake_vf_create(struct fake_epc *fake, u8 func_no, u8 vfunc_no);
unsigned int fake_windows_used(const struct fake_epc *fake);
void fake_epf_set_memory(struct fake_epc *fake, struct pci_epf *epf,
			 enum pci_barno bar, size_t size);

unsigned int fake_add_reg(struct fake_epc *fake, u64 addr, u32 data, unsigned int irq);
int fake_host_write(struct fake_epc *fake, struct pci_epf *epf,
		    enum pci_barno bar, u32 offset, u32 value);
u64 fake_reaches(struct fake_epc *fake, struct pci_epf *epf, enum pci_barno bar,
		 u32 offset);
int fake_ring(struct fake_epc *fake, struct pci_ep_db_set *set, unsigned int index);
int fake_ring_value(struct fake_epc *fake, struct pci_ep_db_set *set,
		    unsigned int index, u32 value);
void fake_irq_hard(struct fake_epc *fake, unsigned int irq, u64 ns);

unsigned int fake_requested(struct fake_epc *fake);
unsigned int fake_threads(void);
void fake_save(struct fake_epc *fake, struct fake_state *state);
void fake_expect_as_before(struct fake_epc *fake, const struct fake_state *state);
bool fake_refused(struct kunit *test, const char *backend, const char *reason);
char *fake_read_debugfs(struct kunit *test, const char *name);
bool fake_logged(const struct pci_epf *epf, const char *text);

struct fake_backend *fake_backend_create(struct fake_epc *fake, const char *name,
					 enum pci_ep_db_form form);
void fake_backend_register(struct fake_backend *fb);
void fake_backend_unregister(struct fake_backend *fb);

struct fake_log *fake_log_create(struct fake_epc *fake);
struct pci_ep_db_request fake_request(struct fake_log *log, enum pci_ep_db_kind kind,
				      unsigned int count, enum pci_ep_db_type type);
struct pci_ep_db_set *fake_alloc(struct fake_epc *fake,
				 const struct pci_ep_db_request *req);
void fake_free(struct fake_epc *fake, struct pci_ep_db_set *set);
int fake_alloc_fails(struct fake_epc *fake, const struct pci_ep_db_request *req);

void fake_thread_run(struct kunit *test, struct fake_thread *thread,
		     void (*func)(void *data), void *data);
void fake_thread_wait_asleep(struct kunit *test, struct fake_thread *thread);
void fake_thread_wait(struct kunit *test, struct fake_thread *thread);
int fake_alloc_killed(struct fake_epc *fake, const struct pci_ep_db_request *req);
unsigned int fake_set_storm_percent(unsigned int percent);

#define FAKE_WAIT(test, completion)						\
	KUNIT_ASSERT_NE(test, 0, wait_for_completion_timeout(completion, FAKE_TIMEOUT))

/* Wait for something that nobody announces. */
#define FAKE_WAIT_UNTIL(test, condition)					\
do {										\
	int fake_ret = poll_timeout_us(barrier(), condition, 200,		\
				       jiffies_to_usecs(FAKE_TIMEOUT), false);	\
										\
	KUNIT_EXPECT_EQ_MSG(test, 0, fake_ret, "%s", #condition);		\
} while (0)

#endif /* __PCI_EP_DOORBELL_FAKE_H */
