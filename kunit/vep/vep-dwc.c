// SPDX-License-Identifier: GPL-2.0
/*
 * Virtual endpoint: configuration space, as the host and the EP (DBI) see it
 */
#include <linux/bitfield.h>
#include <linux/bitops.h>
#include <linux/cleanup.h>
#include <linux/pci.h>
#include <linux/unaligned.h>

#include "pcie-designware.h"
#include "vep.h"

#define VEP_CAP_PM		0x40
#define VEP_CAP_MSI		0x50
#define VEP_CAP_EXP		0x70
#define VEP_CAP_MSIX		0xb0
#define VEP_CAP_REBAR		PCI_CFG_SPACE_SIZE
/* Registers from here on are the controller's and not seen by the host. */
#define VEP_PORT_LOGIC		0x700
#define VEP_VERSION_TYPE	0x67612a2a	/* "ga**" */
#define VEP_NO_VENDOR		0xffff

static u32 vep_cfg32(const struct vep_func *f, u32 off)
{
	return get_unaligned_le32(f->cfg + off);
}

static void vep_cfg32_set(struct vep_func *f, u32 off, u32 val)
{
	put_unaligned_le32(val, f->cfg + off);
}

static void vep_cfg16_set(struct vep_func *f, u32 off, u16 val)
{
	put_unaligned_le16(val, f->cfg + off);
}

/* The host may write these bits of the 32-bit register at @off. */
static void vep_host_writes(struct vep_func *f, u32 off, u32 bits)
{
	put_unaligned_le32(bits, f->wmask + off);
}

static u32 vep_wmask32(const struct vep_func *f, u32 off)
{
	return get_unaligned_le32(f->wmask + off);
}

static enum pci_epc_bar_type vep_bar_type(const struct vep *v, unsigned int bar)
{
	return v->board->features->bar[bar].type;
}

static void vep_cap_init(struct vep_func *f, u8 at, u8 id, u8 next)
{
	f->cfg[at + PCI_CAP_LIST_ID] = id;
	f->cfg[at + PCI_CAP_LIST_NEXT] = next;
}

static void vep_exp_init(struct vep_func *f)
{
	u32 at = VEP_CAP_EXP;

	vep_cfg16_set(f, at + PCI_EXP_FLAGS,
		      2 | FIELD_PREP(PCI_EXP_FLAGS_TYPE, PCI_EXP_TYPE_ENDPOINT));
	vep_cfg32_set(f, at + PCI_EXP_DEVCAP, PCI_EXP_DEVCAP_RBER | 1);
	vep_cfg32_set(f, at + PCI_EXP_LNKCAP, PCI_EXP_LNKCAP_SLS_8_0GB |
		      FIELD_PREP(PCI_EXP_LNKCAP_MLW, 4));
	vep_cfg16_set(f, at + PCI_EXP_LNKSTA, PCI_EXP_LNKSTA_CLS_8_0GB |
		      FIELD_PREP(PCI_EXP_LNKSTA_NLW, 4));
	vep_cfg32_set(f, at + PCI_EXP_LNKCAP2, PCI_EXP_LNKCAP2_SLS_2_5GB |
		      PCI_EXP_LNKCAP2_SLS_5_0GB | PCI_EXP_LNKCAP2_SLS_8_0GB);
	vep_cfg16_set(f, at + PCI_EXP_LNKCTL2, PCI_EXP_LNKCTL2_TLS_8_0GT);

	vep_host_writes(f, at + PCI_EXP_DEVCTL, 0x7fff);
	vep_host_writes(f, at + PCI_EXP_LNKCTL, 0x01c3);
	vep_host_writes(f, at + PCI_EXP_DEVCTL2, 0x001f);
}

static void vep_msi_cap_init(struct vep_func *f, bool msix)
{
	u32 at = VEP_CAP_MSI;

	vep_cfg16_set(f, at + PCI_MSI_FLAGS, PCI_MSI_FLAGS_64BIT);
	vep_host_writes(f, at, (u32)(PCI_MSI_FLAGS_ENABLE |
				     PCI_MSI_FLAGS_QSIZE) << 16);
	vep_host_writes(f, at + PCI_MSI_ADDRESS_LO, ~3U);
	vep_host_writes(f, at + PCI_MSI_ADDRESS_HI, ~0U);
	vep_host_writes(f, at + PCI_MSI_DATA_64, 0xffff);

	if (msix)
		vep_host_writes(f, VEP_CAP_MSIX,
				(u32)(PCI_MSIX_FLAGS_ENABLE |
				      PCI_MSIX_FLAGS_MASKALL) << 16);
}

static void vep_rebar_init(struct vep *v, struct vep_func *f)
{
	unsigned int n = 0;
	u32 at = VEP_CAP_REBAR;

	for (unsigned int b = 0; b < PCI_STD_NUM_BARS; b++)
		n += vep_bar_type(v, b) == BAR_RESIZABLE;
	if (!n)
		return;

	vep_cfg32_set(f, at, PCI_EXT_CAP_ID_REBAR | 1 << 16);
	for (unsigned int b = 0; b < PCI_STD_NUM_BARS; b++) {
		if (vep_bar_type(v, b) != BAR_RESIZABLE)
			continue;
		vep_cfg32_set(f, at + PCI_REBAR_CAP, BIT(4));
		vep_cfg32_set(f, at + PCI_REBAR_CTRL,
			      b | FIELD_PREP(PCI_REBAR_CTRL_NBAR_MASK, n));
		vep_host_writes(f, at + PCI_REBAR_CTRL,
				PCI_REBAR_CTRL_BAR_SIZE);
		at += PCI_REBAR_CTRL;
	}
}

static void vep_func_init(struct vep *v, struct vep_func *f)
{
	bool msix = v->board->features->msix_capable;

	/* Until somebody writes a header, nobody answers for the function. */
	vep_cfg16_set(f, PCI_VENDOR_ID, VEP_NO_VENDOR);
	vep_cfg16_set(f, PCI_STATUS, PCI_STATUS_CAP_LIST);
	f->cfg[PCI_HEADER_TYPE] = PCI_HEADER_TYPE_NORMAL;
	if (v->board->functions > 1)
		f->cfg[PCI_HEADER_TYPE] |= PCI_HEADER_TYPE_MFD;
	f->cfg[PCI_CAPABILITY_LIST] = VEP_CAP_PM;
	vep_host_writes(f, PCI_COMMAND, PCI_COMMAND_MEMORY |
			PCI_COMMAND_MASTER | PCI_COMMAND_PARITY |
			PCI_COMMAND_SERR | PCI_COMMAND_INTX_DISABLE);
	f->wmask[PCI_CACHE_LINE_SIZE] = 0xff;
	f->wmask[PCI_INTERRUPT_LINE] = 0xff;

	vep_cap_init(f, VEP_CAP_PM, PCI_CAP_ID_PM, VEP_CAP_MSI);
	vep_cap_init(f, VEP_CAP_MSI, PCI_CAP_ID_MSI, VEP_CAP_EXP);
	vep_cap_init(f, VEP_CAP_EXP, PCI_CAP_ID_EXP, msix ? VEP_CAP_MSIX : 0);
	if (msix)
		vep_cap_init(f, VEP_CAP_MSIX, PCI_CAP_ID_MSIX, 0);
	vep_cfg16_set(f, VEP_CAP_PM + PCI_PM_PMC, 3);
	vep_host_writes(f, VEP_CAP_PM + PCI_PM_CTRL, PCI_PM_CTRL_STATE_MASK);

	vep_exp_init(f);
	vep_msi_cap_init(f, msix);
	vep_rebar_init(v, f);
	if (v->board->dma_bar != NO_BAR)
		f->bar_mask[v->board->dma_bar] = BIT(0);
}

/**
 * vep_dwc_init() - reset values of the functions
 * @v: the endpoint
 */
void vep_dwc_init(struct vep *v)
{
	for (unsigned int i = 0; i < v->board->functions; i++)
		vep_func_init(v, &v->func[i]);
	vep_cfg32_set(&v->func[0], PCIE_VERSION_NUMBER, DW_PCIE_VER_562A);
	vep_cfg32_set(&v->func[0], PCIE_VERSION_TYPE, VEP_VERSION_TYPE);
}

/**
 * vep_dwc_reset() - what PERST# does to the functions
 * @v: the endpoint
 *
 * All is lost, what the host wrote and what the EP wrote.
 */
void vep_dwc_reset(struct vep *v)
{
	guard(raw_spinlock_irqsave)(&v->lock);
	memset(v->func, 0, sizeof(v->func));
	vep_dwc_init(v);
}

static bool vep_bar_64(const struct vep_func *f, unsigned int bar)
{
	return !(bar & 1) && (f->bar_mask[bar] & BIT(0)) &&
	       (vep_cfg32(f, PCI_BASE_ADDRESS_0 + 4 * bar) &
		PCI_BASE_ADDRESS_MEM_TYPE_64);
}

static bool vep_bar_upper(const struct vep_func *f, unsigned int bar)
{
	return (bar & 1) && vep_bar_64(f, bar - 1);
}

/* The address goes, the type stays. */
static void vep_bar_forget(struct vep_func *f, unsigned int bar)
{
	u32 reg = PCI_BASE_ADDRESS_0 + 4 * bar;

	if (vep_bar_upper(f, bar))
		vep_cfg32_set(f, reg, 0);
	else
		vep_cfg32_set(f, reg, vep_cfg32(f, reg) &
			      ~(u32)PCI_BASE_ADDRESS_MEM_MASK);
}

/**
 * vep_dwc_link_reset() - what a link down does to the functions
 * @v: the endpoint
 *
 * All that the host wrote is lost. Context: with vep->lock held.
 */
void vep_dwc_link_reset(struct vep *v)
{
	lockdep_assert_held(&v->lock);

	for (unsigned int i = 0; i < v->board->functions; i++) {
		struct vep_func *f = &v->func[i];
		u32 end = v->board->sticky_rebar ? PCI_CFG_SPACE_SIZE :
						   VEP_PORT_LOGIC;

		for (u32 o = 0; o < end; o++)
			f->cfg[o] &= ~f->wmask[o];
		for (unsigned int b = 0; b < PCI_STD_NUM_BARS; b++)
			vep_bar_forget(f, b);
	}
}

static u64 vep_rebar_size(const struct vep_func *f, unsigned int bar)
{
	u32 at = VEP_CAP_REBAR;
	u32 ctrl = vep_cfg32(f, at + PCI_REBAR_CTRL);
	unsigned int n = FIELD_GET(PCI_REBAR_CTRL_NBAR_MASK, ctrl);

	for (; n; n--, at += PCI_REBAR_CTRL) {
		ctrl = vep_cfg32(f, at + PCI_REBAR_CTRL);
		if (FIELD_GET(PCI_REBAR_CTRL_BAR_IDX, ctrl) == bar)
			return (u64)SZ_1M << FIELD_GET(PCI_REBAR_CTRL_BAR_SIZE, ctrl);
	}

	return 0;
}

static u64 __vep_bar_size(const struct vep *v, const struct vep_func *f,
			  unsigned int bar)
{
	u64 mask = f->bar_mask[bar];

	if (!(mask & BIT(0)) || vep_bar_upper(f, bar))
		return 0;

	switch (vep_bar_type(v, bar)) {
	case BAR_FIXED:
		return v->board->features->bar[bar].fixed_size;
	case BAR_RESIZABLE:
		return vep_rebar_size(f, bar);
	case BAR_RESERVED:
		return v->board->dma_bar_size;
	default:
		if (vep_bar_64(f, bar))
			mask |= (u64)f->bar_mask[bar + 1] << 32;
		return mask + 1;
	}
}

static u64 __vep_bar_addr(const struct vep *v, const struct vep_func *f,
			  unsigned int bar)
{
	u32 reg = PCI_BASE_ADDRESS_0 + 4 * bar;
	u64 addr = vep_cfg32(f, reg) & (u32)PCI_BASE_ADDRESS_MEM_MASK;

	if (vep_bar_64(f, bar))
		addr |= (u64)vep_cfg32(f, reg + 4) << 32;

	return addr & ~(__vep_bar_size(v, f, bar) - 1);
}

/**
 * vep_bar_size() - size of a BAR
 * @v: the endpoint
 * @func: function
 * @bar: number of the BAR
 *
 * Return: the size, 0 when the BAR is off.
 */
u64 vep_bar_size(struct vep *v, unsigned int func, unsigned int bar)
{
	guard(raw_spinlock_irqsave)(&v->lock);
	return __vep_bar_size(v, &v->func[func], bar);
}

/**
 * vep_bar_addr() - address the host gave a BAR
 * @v: the endpoint
 * @func: function
 * @bar: number of the BAR
 *
 * Return: the address, 0 when it has none.
 */
u64 vep_bar_addr(struct vep *v, unsigned int func, unsigned int bar)
{
	guard(raw_spinlock_irqsave)(&v->lock);
	return __vep_bar_addr(v, &v->func[func], bar);
}

static bool vep_func_decode(const struct vep *v, unsigned int func, u64 addr,
			    size_t len, struct vep_hit *hit)
{
	const struct vep_func *f = &v->func[func];

	if (!(f->cfg[PCI_COMMAND] & PCI_COMMAND_MEMORY))
		return false;

	for (unsigned int b = 0; b < PCI_STD_NUM_BARS; b++) {
		u64 size = __vep_bar_size(v, f, b);
		u64 base = __vep_bar_addr(v, f, b);

		if (!size || !base || addr < base || addr - base >= size ||
		    len > size - (addr - base))
			continue;
		*hit = (struct vep_hit) {
			.func = func, .bar = b, .addr = addr,
			.offset = addr - base, .bar_size = size,
		};
		return true;
	}

	return false;
}

/**
 * vep_bar_decode() - find the BAR that a host's access hits
 * @v: the endpoint
 * @addr: PCI address
 * @len: length of the access
 * @hit: receives what was hit
 *
 * Return: false when no enabled BAR of a function contains the access.
 */
bool vep_bar_decode(struct vep *v, u64 addr, size_t len, struct vep_hit *hit)
{
	guard(raw_spinlock_irqsave)(&v->lock);

	for (unsigned int i = 0; i < v->board->functions; i++)
		if (vep_func_decode(v, i, addr, len, hit))
			return true;

	return false;
}

/**
 * vep_bus_master() - may a function do DMA
 * @v: the endpoint
 * @func: function
 *
 * Return: whether the host enabled it.
 */
bool vep_bus_master(struct vep *v, unsigned int func)
{
	guard(raw_spinlock_irqsave)(&v->lock);
	return func < v->board->functions &&
	       (v->func[func].cfg[PCI_COMMAND] & PCI_COMMAND_MASTER);
}

/* The bits of a 32-bit register that an access of @size bytes touches. */
static u32 vep_lanes(u32 off, int size)
{
	return (u32)GENMASK(8 * size - 1, 0) << (8 * (off & 3));
}

static u32 vep_port_read(const struct vep *v, u32 reg)
{
	switch (reg) {
	case PCIE_PORT_DEBUG0:
		return v->link ? PORT_LOGIC_LTSSM_STATE_L0 : 0;
	case PCIE_PORT_DEBUG1:
		return v->link ? PCIE_PORT_DEBUG1_LINK_UP : 0;
	case PCIE_ATU_VIEWPORT:
		/* All ones: there is no viewport, the iATU is unrolled. */
		return ~0U;
	default:
		return vep_cfg32(&v->func[0], reg);
	}
}

/**
 * vep_dbi_read() - the EP reads its configuration space or port logic
 * @v: the endpoint
 * @off: offset in the DBI block
 * @size: 1, 2 or 4
 *
 * Return: the value.
 */
u32 vep_dbi_read(struct vep *v, u32 off, int size)
{
	u32 func = off / VEP_DBI_STRIDE;
	u32 reg = off % VEP_DBI_STRIDE & ~3;
	u32 val;

	if (func >= v->board->functions || reg >= VEP_DBI2_OFFSET)
		return 0;

	guard(raw_spinlock_irqsave)(&v->lock);
	if (vep_in_reset(v))
		return 0;
	val = reg >= VEP_PORT_LOGIC ? vep_port_read(v, reg) :
				      vep_cfg32(&v->func[func], reg);

	return (val & vep_lanes(off, size)) >> (8 * (off & 3));
}

/* Writing the supported sizes selects one: the smallest of them. */
static void vep_rebar_select(struct vep_func *f, u32 reg)
{
	u32 sizes, ctrl = vep_cfg32(f, reg + 4);

	if (reg < VEP_CAP_REBAR + PCI_REBAR_CAP || (reg - VEP_CAP_REBAR) % 8 != 4)
		return;
	if (reg >= VEP_CAP_REBAR + PCI_REBAR_CTRL * (1 + PCI_STD_NUM_BARS))
		return;

	sizes = FIELD_GET(PCI_REBAR_CAP_SIZES, vep_cfg32(f, reg));
	FIELD_MODIFY(PCI_REBAR_CTRL_BAR_SIZE, &ctrl, sizes ? __ffs(sizes) : 0);
	vep_cfg32_set(f, reg + 4, ctrl);
}

static void vep_port_write(struct vep *v, u32 reg, u32 val)
{
	switch (reg) {
	case PCIE_VERSION_NUMBER:
	case PCIE_VERSION_TYPE:
	case PCIE_PORT_DEBUG0:
	case PCIE_PORT_DEBUG1:
	case PCIE_ATU_VIEWPORT:
		return;
	default:
		vep_cfg32_set(&v->func[0], reg, val);
	}
}

static void vep_dbi_cfg_write(struct vep *v, struct vep_func *f, u32 reg,
			      u32 val, u32 lanes)
{
	bool ro_wr_en = vep_cfg32(&v->func[0], PCIE_MISC_CONTROL_1_OFF) &
			PCIE_DBI_RO_WR_EN;
	u32 old = vep_cfg32(f, reg);

	val = (old & ~lanes) | (val & lanes);
	if (!ro_wr_en && ((old ^ val) & ~vep_wmask32(f, reg))) {
		vep_count(v, VEP_STAT_DBI_RO);
		pr_warn_ratelimited("vep: DBI write to read-only register %#x\n",
				    reg);
		val = (old & ~vep_wmask32(f, reg)) | (val & vep_wmask32(f, reg));
	}
	vep_cfg32_set(f, reg, val);
	if (ro_wr_en && reg >= PCI_CFG_SPACE_SIZE)
		vep_rebar_select(f, reg);
}

static void vep_dbi2_write(struct vep *v, struct vep_func *f, u32 reg, u32 val)
{
	unsigned int bar = (reg - PCI_BASE_ADDRESS_0) / 4;

	if (reg < PCI_BASE_ADDRESS_0 || bar >= PCI_STD_NUM_BARS)
		return;

	switch (vep_bar_type(v, bar)) {
	case BAR_PROGRAMMABLE:
		f->bar_mask[bar] = val;
		break;
	case BAR_FIXED:
	case BAR_RESIZABLE:
		/* The size comes from elsewhere: only the enable bit is left. */
		f->bar_mask[bar] = val & BIT(0);
		break;
	default:
		break;
	}
}

/**
 * vep_dbi_write() - the EP writes its configuration space or port logic
 * @v: the endpoint
 * @off: offset in the DBI block
 * @size: 1, 2 or 4
 * @val: value
 */
void vep_dbi_write(struct vep *v, u32 off, int size, u32 val)
{
	u32 func = off / VEP_DBI_STRIDE;
	u32 reg = off % VEP_DBI_STRIDE & ~3;
	u32 lanes = vep_lanes(off, size);
	struct vep_func *f;

	if (func >= v->board->functions)
		return;

	f = &v->func[func];
	val <<= 8 * (off & 3);

	guard(raw_spinlock_irqsave)(&v->lock);
	if (vep_in_reset(v))
		return;
	if (reg >= VEP_DBI2_OFFSET)
		vep_dbi2_write(v, f, reg - VEP_DBI2_OFFSET, val);
	else if (reg >= VEP_PORT_LOGIC)
		vep_port_write(v, reg, (vep_port_read(v, reg) & ~lanes) |
				       (val & lanes));
	else
		vep_dbi_cfg_write(v, f, reg, val, lanes);
}

static bool vep_is_bar(u32 reg, unsigned int *bar)
{
	if (reg < PCI_BASE_ADDRESS_0 || reg > PCI_BASE_ADDRESS_5)
		return false;
	*bar = (reg - PCI_BASE_ADDRESS_0) / 4;
	return true;
}

/* The address bits of a BAR register that exist. */
static u32 vep_bar_bits(const struct vep *v, const struct vep_func *f,
			unsigned int bar)
{
	if (vep_bar_upper(f, bar))
		return ~upper_32_bits(__vep_bar_size(v, f, bar - 1) - 1);
	if (!__vep_bar_size(v, f, bar))
		return 0;

	return ~lower_32_bits(__vep_bar_size(v, f, bar) - 1) &
	       (u32)PCI_BASE_ADDRESS_MEM_MASK;
}

static u32 vep_bar_read(const struct vep *v, const struct vep_func *f,
			unsigned int bar)
{
	u32 val = vep_cfg32(f, PCI_BASE_ADDRESS_0 + 4 * bar);
	u32 bits = vep_bar_bits(v, f, bar);

	if (!vep_bar_upper(f, bar) && bits)
		bits |= (u32)~PCI_BASE_ADDRESS_MEM_MASK;

	return val & bits;
}

/* Context: with vep->lock held. */
static struct vep_func *vep_func_present(struct vep *v, unsigned int func)
{
	if (!v->link || func >= v->board->functions)
		return NULL;
	if (get_unaligned_le16(v->func[func].cfg) == VEP_NO_VENDOR)
		return NULL;

	return &v->func[func];
}

/**
 * vep_ep_cfg_read() - the host reads configuration space
 * @v: the endpoint
 * @func: function
 * @where: register
 * @size: 1, 2 or 4
 * @val: receives the value
 *
 * Return: a PCIBIOS_* code.
 */
int vep_ep_cfg_read(struct vep *v, unsigned int func, int where, int size,
		    u32 *val)
{
	u32 reg = where & ~3;
	struct vep_func *f;
	unsigned int bar;
	u32 v32;

	guard(raw_spinlock_irqsave)(&v->lock);
	f = vep_func_present(v, func);
	if (!f) {
		PCI_SET_ERROR_RESPONSE(val);
		return PCIBIOS_DEVICE_NOT_FOUND;
	}

	if (reg >= VEP_PORT_LOGIC)
		v32 = 0;
	else if (vep_is_bar(reg, &bar))
		v32 = vep_bar_read(v, f, bar);
	else
		v32 = vep_cfg32(f, reg);
	*val = (v32 & vep_lanes(where, size)) >> (8 * (where & 3));

	return PCIBIOS_SUCCESSFUL;
}

/**
 * vep_ep_cfg_write() - the host writes configuration space
 * @v: the endpoint
 * @func: function
 * @where: register
 * @size: 1, 2 or 4
 * @val: value
 *
 * Return: a PCIBIOS_* code.
 */
int vep_ep_cfg_write(struct vep *v, unsigned int func, int where, int size,
		     u32 val)
{
	u32 mask = vep_lanes(where, size);
	u32 reg = where & ~3;
	struct vep_func *f;
	unsigned int bar;

	guard(raw_spinlock_irqsave)(&v->lock);
	f = vep_func_present(v, func);
	if (!f)
		return PCIBIOS_DEVICE_NOT_FOUND;
	if (reg >= VEP_PORT_LOGIC)
		return PCIBIOS_SUCCESSFUL;

	mask &= vep_is_bar(reg, &bar) ? vep_bar_bits(v, f, bar) :
					vep_wmask32(f, reg);
	val <<= 8 * (where & 3);
	vep_cfg32_set(f, reg, (vep_cfg32(f, reg) & ~mask) | (val & mask));

	return PCIBIOS_SUCCESSFUL;
}
