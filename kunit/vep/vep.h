/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Virtual endpoint: a register-level model of a DesignWare PCIe endpoint
 * controller and of the PCI host it is plugged into, both in one UML kernel.
 *
 * Locks, outermost first; all of them raw, because the model is reached from
 * hard interrupts and, through the MSI-X table, under an interrupt's lock:
 *
 *   vep->atu_lock	iATU windows, and one TLP on its way through them
 *   vep->lock		every other register of the controller, and the link
 *   vep->words_lock	the words whose writes the controller traps
 *   vep_iommu->lock	one I/O page table, and one TLP on its way through it
 *   vep_msi->lock	one MSI controller
 *   vep_line->lock	one interrupt line
 *
 * Memory is copied one TLP at a time, under the lock of what translated the
 * address and never under vep->lock. A window or a mapping is thus not gone
 * before the last TLP that went through it has landed, as on a real bus.
 *
 * vep->slot_lock, a mutex, is outside of all of them: PERST# and the slot change
 * one at a time.
 */
#ifndef _VEP_H
#define _VEP_H

#include <linux/atomic.h>
#include <linux/bits.h>
#include <linux/dma-direction.h>
#include <linux/dma/edma.h>
#include <linux/hrtimer.h>
#include <linux/ioport.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/pci-epc.h>
#include <linux/pci-epf.h>
#include <linux/pci_regs.h>
#include <linux/printk.h>
#include <linux/sizes.h>
#include <linux/spinlock.h>
#include <linux/types.h>
#include <linux/workqueue.h>

struct device;
struct dma_map_ops;
struct fwnode_handle;
struct irq_domain;
struct pci_dev;
struct seq_file;

/* The EP's physical address map; vep.dtso says the same. */
#define VEP_REG_BASE		0x60000000ULL
#define VEP_REG_SIZE		SZ_4M
#define VEP_DBI_STRIDE		0x2000		/* one function */
#define VEP_DBI2_OFFSET		0x1000
#define VEP_ATU_OFFSET		0x300000
#define VEP_DMA_OFFSET		0x380000
#define VEP_DMA_SIZE		0x2000
#define VEP_MSI_OFFSET		0x3f0000
#define VEP_MSI_SIZE		SZ_64K
#define VEP_MSI_DOORBELL	0x040
#define VEP_OB_BASE		0x70000000ULL
#define VEP_OB_SIZE		SZ_16M
/* What the IOMMUs hand out; nothing is at these addresses. */
#define VEP_EP_IOVA		0x80000000ULL
/* Function 0's; each function has 4 GiB of its own, whatever 32 bits it adds. */
#define VEP_HOST_IOVA		0x500000000ULL
#define VEP_IOVA_SIZE		SZ_256M
/* The host's PCI address map */
#define VEP_WIN_BASE		0xd0000000ULL
#define VEP_WIN_SIZE		SZ_128M
#define VEP_HOST_MSI		0xfee00000ULL
#define VEP_HOST_MEM_SIZE	SZ_256K

#define VEP_MAX_FUNCS		4
#define VEP_MAX_WINDOWS		16
#define VEP_MAX_CHANS		8		/* of one direction */
#define VEP_MAX_LINES		8
#define VEP_MAX_TLP		256		/* bytes, as Max_Payload_Size */
#define VEP_EP_MSIS		256
#define VEP_HOST_MSIS		1024

struct vep;
struct vep_chan;
struct vep_hit;

/**
 * enum vep_stat - what the model counts
 * @VEP_STAT_INBOUND_UNCLAIMED: host accesses that no BAR or window claimed
 * @VEP_STAT_OUTBOUND_UNCLAIMED: EP accesses that no outbound window claimed
 * @VEP_STAT_IOMMU_FAULTS: EP-side accesses the EP's IOMMU did not permit
 * @VEP_STAT_HOST_DMA_FAULTS: DMA to host addresses that no driver had mapped
 * @VEP_STAT_UNKNOWN_LOCAL: EP-side accesses to addresses where nothing is
 * @VEP_STAT_BUS_MASTER_OFF: DMA refused because the host had not enabled it
 * @VEP_STAT_LINK_DOWN: accesses of either side while the link was down
 * @VEP_STAT_IN_RESET: EP accesses of the controller's registers while PERST#
 *	was asserted
 * @VEP_STAT_DBI_RO: DBI writes lost because the register was read only
 * @VEP_STAT_HOST_MSI: interrupts delivered to the host
 * @VEP_STAT_HOST_MSI_STRAY: messages to the host that no vector expected
 * @VEP_STAT_EDMA_IRQ: interrupts delivered for the DMA engine
 * @VEP_STAT_EDMA_RING: writes that asserted the emulated DMA interrupt
 * @VEP_STAT_MSI_RING: accepted writes to the EP's MSI doorbell
 * @VEP_STAT_MSI_STRAY: writes to it whose data names no allocated event
 * @VEP_STAT_TRAP_IRQ: interrupts delivered for writes that were trapped
 * @VEP_NR_STATS: how many there are
 */
enum vep_stat {
	VEP_STAT_INBOUND_UNCLAIMED,
	VEP_STAT_OUTBOUND_UNCLAIMED,
	VEP_STAT_IOMMU_FAULTS,
	VEP_STAT_HOST_DMA_FAULTS,
	VEP_STAT_UNKNOWN_LOCAL,
	VEP_STAT_BUS_MASTER_OFF,
	VEP_STAT_LINK_DOWN,
	VEP_STAT_IN_RESET,
	VEP_STAT_DBI_RO,
	VEP_STAT_HOST_MSI,
	VEP_STAT_HOST_MSI_STRAY,
	VEP_STAT_EDMA_IRQ,
	VEP_STAT_EDMA_RING,
	VEP_STAT_MSI_RING,
	VEP_STAT_MSI_STRAY,
	VEP_STAT_TRAP_IRQ,
	VEP_NR_STATS
};

/**
 * struct vep_board - what distinguishes one board from another
 * @name: as in vep.board=, and the name of the board's node in vep.dtso
 * @features: what the real glue driver tells the endpoint core
 * @functions: physical functions; max-functions in vep.dtso, or vep.functions=
 * @ib_windows: inbound iATU windows
 * @ob_windows: outbound iATU windows
 * @granule: iATU region granule
 * @dma_format: register map of the DMA engine
 * @wr_chans: write channels of the engine
 * @rd_chans: read channels of the engine
 * @dma_lines: its interrupt lines: none, 1, or one a channel, write channels
 *	first; interrupts in vep.dtso
 * @dma_bar: BAR that shows the engine's registers without any window, or
 *	NO_BAR
 * @dma_bar_size: size of that BAR
 * @dma_bar_only: no window reaches the engine's registers
 * @sticky_rebar: the size of a resizable BAR survives a link down
 * @iommu: an IOMMU is between the controller and the EP's memory
 * @msi: the EP has an MSI controller, named by msi-map in vep.dtso
 * @trap: the controller traps writes to words of a BAR, its interrupt line is
 *	the one after those of the DMA engine
 */
struct vep_board {
	const char *name;
	const struct pci_epc_features *features;
	unsigned int functions;
	unsigned int ib_windows;
	unsigned int ob_windows;
	u32 granule;
	enum dw_edma_map_format dma_format;
	unsigned int wr_chans;
	unsigned int rd_chans;
	unsigned int dma_lines;
	enum pci_barno dma_bar;
	u32 dma_bar_size;
	bool dma_bar_only;
	bool sticky_rebar;
	bool iommu;
	bool msi;
	bool trap;
};

/*
 * The interface between the two sides.
 *
 * The host calls vep_ep_cfg_read(), vep_ep_cfg_write() and vep_ep_mem(). The
 * EP calls the operations below. An MSI is a memory write, as on the wire.
 */

/**
 * struct vep_host_ops - what the EP asks of a host
 * @mem: a memory TLP, at most VEP_MAX_TLP bytes and within one 4 KiB page;
 *	any context; 0, or a negative errno when the host answers with an error
 * @link: the link came up or went down; may sleep, never concurrent
 * @pulled: the card is gone from its slot, @link follows; may sleep
 */
struct vep_host_ops {
	int (*mem)(void *host, u64 addr, void *buf, size_t len, bool write);
	void (*link)(void *host, bool up);
	void (*pulled)(void *host);
};

/**
 * enum vep_event - what the model tells the EP's side
 * @VEP_LINK_UP: the link came up
 * @VEP_LINK_DOWN: the link went down
 * @VEP_PERST_DEASSERT: the controller comes out of reset, its registers are at
 *	their reset values
 */
enum vep_event {
	VEP_LINK_UP,
	VEP_LINK_DOWN,
	VEP_PERST_DEASSERT,
};

/**
 * struct vep_iommu - an I/O page table and its address space
 * @lock: protects what follows and is held while a TLP is copied
 * @base: first I/O virtual address
 * @pages: size of the address space in pages
 * @next: where to look for room first, so that addresses are reused late
 * @used: pages taken; NULL: there is no IOMMU, addresses are physical
 * @pte: one word a page: physical address, what a device may do, and with which
 *	bytes of the page
 */
struct vep_iommu {
	raw_spinlock_t lock;
	u64 base;
	unsigned long pages;
	unsigned long next;
	unsigned long *used;
	u64 *pte;
};

/**
 * struct vep_msi - an MSI controller with one doorbell for all its events
 * @lock: protects the bitmaps
 * @addr: address of the doorbell
 * @nr: number of events
 * @next: where to look for a free event first
 * @refuse: so many allocations fail (debugfs)
 * @used: events allocated
 * @enabled: events not masked
 * @pending: events that came and were not delivered
 * @timer: delivers in hard interrupt context
 * @domain: parent domain
 * @fwnode: of the domain, when the device tree has none
 * @delivered: counts deliveries
 */
struct vep_msi {
	raw_spinlock_t lock;
	u64 addr;
	unsigned int nr;
	unsigned int next;
	u32 refuse;
	unsigned long *used;
	unsigned long *enabled;
	unsigned long *pending;
	struct hrtimer timer;
	struct irq_domain *domain;
	struct fwnode_handle *fwnode;
	atomic_long_t *delivered;
};

/**
 * struct vep_line - one level interrupt line of the EP
 * @lock: protects @level and @masked
 * @v: the endpoint
 * @hwirq: number of the line
 * @level: asserted
 * @masked: not to be delivered
 * @timer: delivers in hard interrupt context
 */
struct vep_line {
	raw_spinlock_t lock;
	struct vep *v;
	unsigned int hwirq;
	bool level;
	bool masked;
	struct hrtimer timer;
};

/**
 * struct vep_words - words of a BAR whose writes the controller traps
 * @node: entry in vep->words
 * @v: the endpoint
 * @func: function
 * @bar: number of the BAR
 * @first: offset of the first word of 32 bits
 * @stride: from one word to the next
 * @count: how many words
 * @written: the words that were written, since vep_words_take()
 * @any: there is a bit in @written
 * @held: they raise no interrupt for the time being
 * @timer: ends that
 */
struct vep_words {
	struct list_head node;
	struct vep *v;
	unsigned int func;
	unsigned int bar;
	u32 first;
	u32 stride;
	unsigned int count;
	unsigned long *written;
	bool any;
	bool held;
	struct hrtimer timer;
};

/* One element of a list of the DMA engine; that of a link has its target in @sar. */
struct vep_lli {
	u32 control;
	u32 size;
	u64 sar;
	u64 dar;
} __packed;

/**
 * struct vep_dma_run - what a run of a channel came to
 * @llp: address of the element to continue with
 * @elements: how many elements it came by
 * @links: how many links in a row
 * @lli: the element that is being moved
 * @done: bytes of it
 * @moving: there is such an element
 * @func: function the channel speaks for
 * @irq: an element that was done asked for an interrupt
 * @remote: one asked for a message to the host
 * @aborted: an access failed or the list made no sense
 */
struct vep_dma_run {
	u64 llp;
	unsigned long elements;
	unsigned int links;
	struct vep_lli lli;
	u32 done;
	bool moving;
	u8 func;
	bool irq;
	bool remote;
	bool aborted;
};

/**
 * struct vep_chan - one DMA channel
 * @v: the endpoint
 * @read: a read channel: moves from the host to the EP
 * @id: number within its direction
 * @ccs: consumer cycle state
 * @stop: the driver asked to stop
 * @rung: its doorbell was written since the run began
 * @busy: @run is under way
 * @run: the run
 * @timer: runs the channel, a burst at a time
 */
struct vep_chan {
	struct vep *v;
	bool read;
	unsigned int id;
	bool ccs;
	bool stop;
	bool rung;
	bool busy;
	struct vep_dma_run run;
	struct hrtimer timer;
};

/**
 * struct vep_dma_ops - one register map of the DMA engine
 * @init: initial register values
 * @read: 32-bit register read
 * @write: 32-bit register write
 * @begin: fill in where to start; false: the channel is not enabled
 * @runs: the channel is still enabled
 * @finish: write back the result
 * @message: address and data of the message for the host; false: none
 * @line: the level of an interrupt line
 *
 * All are called with vep->lock held.
 */
struct vep_dma_ops {
	void (*init)(struct vep *v);
	u32 (*read)(struct vep *v, u32 off);
	void (*write)(struct vep *v, u32 off, u32 val);
	bool (*begin)(struct vep_chan *c, struct vep_dma_run *run);
	bool (*runs)(struct vep_chan *c);
	void (*finish)(struct vep_chan *c, const struct vep_dma_run *run);
	bool (*message)(struct vep_chan *c, const struct vep_dma_run *run,
			u64 *addr, u32 *data);
	bool (*line)(struct vep *v, unsigned int line);
};

/**
 * struct vep_window - one iATU window
 * @reg: its registers, as the driver sees them
 */
struct vep_window {
	u32 reg[9];
};

/**
 * struct vep_func - one physical function
 * @cfg: configuration space
 * @wmask: the bits of it that the host may write
 * @bar_mask: BAR mask registers (DBI2)
 */
struct vep_func {
	u8 cfg[SZ_4K];
	u8 wmask[SZ_4K];
	u32 bar_mask[PCI_STD_NUM_BARS];
};

/**
 * enum vep_moment - what a write of the host can wait for
 * @VEP_ON_UNMAP: the EP's driver has just unmapped a register
 * @VEP_ON_EVENT: a client of the EP's NTB device is being told of a doorbell
 * @VEP_NR_MOMENTS: how many there are
 *
 * These are the worst moments for a host to write, met every time.
 */
enum vep_moment {
	VEP_ON_UNMAP,
	VEP_ON_EVENT,
	VEP_NR_MOMENTS
};

/**
 * struct vep_armed - a write of 32 bits that waits for its moment
 * @addr: PCI address, 0 if none waits
 * @data: the datum
 */
struct vep_armed {
	u64 addr;
	u32 data;
};

/**
 * struct vep - a virtual endpoint
 * @board: what it is
 * @lock: see the top of this file
 * @atu_lock: see the top of this file
 * @host_ops: the host
 * @host: its argument
 * @host_mem: memory of the host that the EP reaches all the time, for tests
 *	that are a host driver themselves
 * @host_mem_addr: its PCI address
 * @func: functions
 * @ib: inbound windows
 * @ob: outbound windows
 * @dma_ops: register map of the DMA engine
 * @dma: its registers
 * @dma_emul: the emulated DMA interrupt is asserted
 * @dma_lose: so many interrupts about data for the host are lost
 * @chan: DMA channels, write channels first
 * @line: interrupt lines
 * @intc: domain of the lines
 * @iommu: between the controller and the EP's memory
 * @msi: MSI controller of the EP
 * @words_lock: see the top of this file
 * @words: what the controller traps
 * @epc: the controller, as the endpoint core knows it
 * @started: the EP is ready to train the link
 * @cut: somebody pulled the cable (debugfs)
 * @slot_lock: see the top of this file
 * @perst: the host asserts PERST# (debugfs)
 * @pulled: the card is not in its slot (debugfs)
 * @in_reset: for one of the two reasons; registers are not there
 * @link: the link is up
 * @link_seq: changes of @link
 * @link_seen: changes that both sides were told
 * @link_told: what both sides were told last
 * @link_work: tells them
 * @notify: tells the EP side; may sleep
 * @notify_data: its argument
 * @debug_lock: protects @debug_read
 * @debug_read: result of the last host_read
 * @armed: writes of the host that wait for their moment; under @lock
 * @stat: counters
 */
struct vep {
	const struct vep_board *board;
	raw_spinlock_t lock;
	raw_spinlock_t atu_lock;
	const struct vep_host_ops *host_ops;
	void *host;
	void *host_mem;
	u64 host_mem_addr;
	struct vep_func func[VEP_MAX_FUNCS];
	struct vep_window ib[VEP_MAX_WINDOWS];
	struct vep_window ob[VEP_MAX_WINDOWS];
	const struct vep_dma_ops *dma_ops;
	u32 dma[VEP_DMA_SIZE / sizeof(u32)];
	bool dma_emul;
	u32 dma_lose;
	struct vep_chan chan[2 * VEP_MAX_CHANS];
	struct vep_line line[VEP_MAX_LINES];
	struct irq_domain *intc;
	struct vep_iommu iommu;
	struct vep_msi msi;
	raw_spinlock_t words_lock;
	struct list_head words;
	struct pci_epc *epc;
	bool started;
	bool cut;
	struct mutex slot_lock;		/* perst, pulled */
	bool perst;
	bool pulled;
	bool in_reset;
	bool link;
	unsigned int link_seq;
	unsigned int link_seen;
	bool link_told;
	struct work_struct link_work;
	void (*notify)(void *data, enum vep_event event);
	void *notify_data;
	struct mutex debug_lock;	/* debug_read */
	u64 debug_read;
	struct vep_armed armed[VEP_NR_MOMENTS];
	atomic_long_t stat[VEP_NR_STATS];
};

static inline void vep_count(struct vep *v, enum vep_stat stat)
{
	atomic_long_inc(&v->stat[stat]);
}

/* An access that nothing claimed is never silent. */
#define vep_unclaimed(v, stat, fmt, ...)				\
do {									\
	vep_count(v, stat);						\
	pr_warn_ratelimited("vep: unclaimed: " fmt, ##__VA_ARGS__);	\
} while (0)

/* vep-boards.c */
const struct vep_board *vep_board_find(const char *name);
void vep_board_names(char *buf, size_t size);

/* vep-core.c */
struct vep *vep_create(const struct vep_board *board);
void vep_destroy(struct vep *v);
int vep_probe_msi(struct vep *v);
struct vep *vep_get(void);
void vep_link_set(struct vep *v, bool *what, bool value);
void vep_slot_set(struct vep *v, bool *what, bool value);
bool vep_in_reset(struct vep *v);

/* vep-dwc.c */
void vep_dwc_init(struct vep *v);
void vep_dwc_reset(struct vep *v);
void vep_dwc_link_reset(struct vep *v);
u32 vep_dbi_read(struct vep *v, u32 off, int size);
void vep_dbi_write(struct vep *v, u32 off, int size, u32 val);
u64 vep_bar_size(struct vep *v, unsigned int func, unsigned int bar);
u64 vep_bar_addr(struct vep *v, unsigned int func, unsigned int bar);
bool vep_bar_decode(struct vep *v, u64 addr, size_t len, struct vep_hit *hit);
bool vep_bus_master(struct vep *v, unsigned int func);
int vep_ep_cfg_read(struct vep *v, unsigned int func, int where, int size,
		    u32 *val);
int vep_ep_cfg_write(struct vep *v, unsigned int func, int where, int size,
		     u32 val);

/* vep-atu.c */

/**
 * struct vep_hit - a memory TLP that hit a BAR
 * @func: function
 * @bar: number of the BAR
 * @addr: PCI address
 * @offset: offset in the BAR
 * @bar_size: size of the BAR
 */
struct vep_hit {
	unsigned int func;
	unsigned int bar;
	u64 addr;
	u64 offset;
	u64 bar_size;
};

void vep_atu_init(struct vep *v);
void vep_atu_reset(struct vep *v);
u32 vep_atu_read(struct vep *v, u32 off);
void vep_atu_write(struct vep *v, u32 off, u32 val);
bool vep_atu_inbound(struct vep *v, const struct vep_hit *hit, u64 *addr);
bool vep_atu_outbound(struct vep *v, u64 cpu, unsigned int *func, u64 *pci);
void vep_atu_show(struct vep *v, struct seq_file *s);

/* vep-bus.c */
u64 vep_load(const void *p, int size);
void vep_store(void *p, int size, u64 val);
bool vep_is_ram(u64 phys, size_t len);
void vep_ram_copy(u64 phys, void *buf, size_t len, bool write);
size_t vep_tlp_len(u64 addr, size_t len);
int vep_local(struct vep *v, u64 addr, void *buf, size_t len, bool write);
int vep_ep_mem(struct vep *v, u64 addr, void *buf, size_t len, bool write);
void vep_host_write_armed(struct vep *v, enum vep_moment moment);
int vep_host_mem(struct vep *v, unsigned int func, u64 addr, void *buf,
		 size_t len, bool write);
int vep_outbound(struct vep *v, u64 cpu, void *buf, size_t len, bool write);
struct resource *vep_host_window(void);
int vep_bus_init(void);

/* vep-edma.c */
extern const struct vep_dma_ops vep_edma_v0;
void vep_dma_init(struct vep *v);
u32 vep_dma_read(struct vep *v, u32 off);
void vep_dma_write(struct vep *v, u32 off, u32 val);
struct vep_chan *vep_dma_chan(struct vep *v, bool read, unsigned int id);
void vep_dma_start(struct vep_chan *c);
void vep_dma_flush(struct vep *v);
void vep_dma_settle(struct vep *v);
void vep_dma_reset(struct vep *v);
void vep_dma_exit(struct vep *v);

/* vep-hdma.c */
extern const struct vep_dma_ops vep_hdma_v0;

/* vep-iommu.c */
extern const struct dma_map_ops vep_dma_map_ops;
int vep_iommu_init(struct vep_iommu *mmu, u64 base);
void vep_iommu_exit(struct vep_iommu *mmu);
u64 vep_iommu_map(struct vep_iommu *mmu, u64 phys, size_t size,
		  enum dma_data_direction dir);
void vep_iommu_unmap(struct vep_iommu *mmu, u64 iova, size_t size);
int vep_iommu_translate(struct vep_iommu *mmu, u64 iova, size_t len, bool write,
			u64 *phys);

/* vep-irq.c */
void vep_lines_init(struct vep *v);
void vep_lines_exit(struct vep *v);
void vep_lines_settle(struct vep *v);
void vep_line_set(struct vep *v, unsigned int line, bool level);
int vep_intc_create(struct vep *v, struct fwnode_handle *fwnode);
int vep_msi_init(struct vep_msi *msi, unsigned int nr, u64 addr,
		 atomic_long_t *delivered);
void vep_msi_exit(struct vep_msi *msi);
int vep_msi_create_ep(struct vep_msi *msi, struct fwnode_handle *fwnode);
int vep_msi_create_host(struct vep_msi *msi);
bool vep_msi_write(struct vep_msi *msi, u32 data);

/* vep-words.c */
void vep_words_trap(struct vep *v, struct vep_words *words);
void vep_words_release(struct vep_words *words);
bool vep_words_take(struct vep_words *words, unsigned long *written);
void vep_words_hold(struct vep_words *words, u64 ns);
void vep_words_write(struct vep *v, const struct vep_hit *hit, size_t len);

/* vep-host.c */
int vep_host_create(struct vep *v);
struct vep_iommu *vep_host_iommu(struct pci_dev *pdev);

/* vep-glue.c */
int vep_glue_register(void);

/* vep-debugfs.c */
#ifdef CONFIG_DEBUG_FS
void vep_debugfs_init(struct vep *v);
#else
static inline void vep_debugfs_init(struct vep *v) { }
#endif
int vep_debugfs_host_write(struct vep *v, const char *cmd);
int vep_debugfs_arm(struct vep *v, enum vep_moment moment, const char *cmd);
int vep_debugfs_host_read(struct vep *v, const char *cmd);

/* vep-doorbell.c */
void vep_doorbell_show(struct vep *v, struct seq_file *s);
int vep_doorbell_race(struct vep *v);

#endif /* _VEP_H */
