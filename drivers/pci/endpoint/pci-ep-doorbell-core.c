// SPDX-License-Identifier: GPL-2.0
/*
 * PCI endpoint doorbells: registry, choice, lifetime
 *
 * Words: a *doorbell* is one location the host can ring; a *set* is the
 * doorbells one *request* returned; a *backend* is what can provide a set; a
 * *target* is the address a ring must reach on the endpoint's side; a *layout*
 * says where in which BAR the doorbells are; to *place* is to make the windows.
 *
 * Locking: pci_ep_db_mutex protects the registry, the list of sets, and what
 * they did to BARs. It nests inside the endpoint core's list_lock and
 * epf->lock, and epc->lock nests inside it. It is dropped around whatever waits
 * for a handler, because a handler may use the calls of this file for another
 * set. Delivery, in pci-ep-doorbell-deliver.c, does not take it.
 *
 * A set whose provider is not there yet is *pending*: a work item of its own asks
 * again, and tells the holder. It takes the mutex only, never list_lock or
 * epf->lock, because who frees the set holds those and waits for it.
 */

#include <linux/bitmap.h>
#include <linux/cleanup.h>
#include <linux/device.h>
#include <linux/err.h>
#include <linux/export.h>
#include <linux/init.h>
#include <linux/jiffies.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/pci-epc.h>
#include <linux/slab.h>
#include <linux/sort.h>
#include <linux/wait_bit.h>
#include <linux/workqueue.h>
#include <kunit/static_stub.h>
#include <kunit/visibility.h>

#include "pci-ep-doorbell-internal.h"

/* Protects the registry, the list of sets, and what they did to BARs */
DEFINE_MUTEX(pci_ep_db_mutex);
LIST_HEAD(pci_ep_db_sets);
static LIST_HEAD(db_backends);
static unsigned int db_next_id;

/* For the work items of pending sets */
static struct workqueue_struct *db_wq;

/* Nobody tells that an MSI domain appears. */
#define DB_ASK_AGAIN	msecs_to_jiffies(100)

/* As long as other drivers wait, DRIVER_DEFERRED_PROBE_TIMEOUT */
VISIBLE_IF_KUNIT unsigned int pci_ep_db_provider_timeout = 10 * MSEC_PER_SEC;
EXPORT_SYMBOL_IF_KUNIT(pci_ep_db_provider_timeout);
module_param_named(provider_timeout, pci_ep_db_provider_timeout, uint, 0644);
MODULE_PARM_DESC(provider_timeout,
		 "how long a set waits for a provider that is not there yet, in ms (default 10000)");

/* A backend that can give what a request requires */
struct db_candidate {
	struct pci_ep_db_backend	*backend;
	struct pci_ep_db_offer		offer;
	unsigned int			rank;
	unsigned int			preferences;
	unsigned int			windows;
};

/**
 * pci_ep_db_refuse() - say why a backend cannot give what is asked for
 * @offer: where to put the reason
 * @fmt: the reason, in words a user understands, without a final dot
 *
 * Context: any.
 * Return: -EOPNOTSUPP, for the backend to return.
 */
int pci_ep_db_refuse(struct pci_ep_db_offer *offer, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vscnprintf(offer->reason, sizeof(offer->reason), fmt, args);
	va_end(args);

	return -EOPNOTSUPP;
}
EXPORT_SYMBOL_GPL(pci_ep_db_refuse);

/* Place of a type in the EPF's order of preference, -1 if it is not wanted */
static int db_rank(const struct pci_ep_db_request *req, enum pci_ep_db_type type)
{
	unsigned int i;

	if (!req->num_types)
		return type;

	for (i = 0; i < req->num_types; i++)
		if (req->types[i] == type)
			return i;

	return -1;
}

static int db_check_offer(const struct pci_ep_db_backend *backend,
			  const struct pci_ep_db_request *req,
			  struct pci_ep_db_offer *offer)
{
	u32 missing = req->require & ~offer->caps;

	if (offer->form != PCI_EP_DB_FORM_MEMORY && !backend->ops->get_targets)
		return pci_ep_db_refuse(offer, "it does not say where its targets are");
	if (req->kind != PCI_EP_DB_KICK && offer->form != PCI_EP_DB_FORM_MEMORY)
		return pci_ep_db_refuse(offer, "the value that the host writes does not arrive");
	if (missing & PCI_EP_DB_DISTINCT)
		return pci_ep_db_refuse(offer, "doorbells cannot be told apart");
	if (missing & PCI_EP_DB_EXACT)
		return pci_ep_db_refuse(offer, "it fires also when nobody rang");
	if (offer->form == PCI_EP_DB_FORM_BAR && req->require & PCI_EP_DB_ISOLATED)
		return pci_ep_db_refuse(offer, "its BAR shows other registers to the host");
	if (offer->max_count < (req->min_count ?: req->count))
		return pci_ep_db_refuse(offer, "%u doorbells at most", offer->max_count);

	return 0;
}

static int db_query(struct pci_ep_db_backend *backend, struct pci_epf *epf,
		    const struct pci_ep_db_request *req,
		    struct db_candidate *candidate)
{
	struct pci_ep_db_offer *offer = &candidate->offer;
	int ret;

	*candidate = (struct db_candidate) { .backend = backend };

	ret = db_rank(req, backend->type);
	if (ret < 0)
		return pci_ep_db_refuse(offer, "not among the types asked for");
	candidate->rank = ret;

	ret = backend->ops->query(backend, epf, req, offer);
	/* What would not do when it is there is not waited for. */
	if (!ret || ret == -EPROBE_DEFER)
		ret = db_check_offer(backend, req, offer) ?: ret;

	return ret;
}

/*
 * The EPF's order of types, then most preferences met, then fewest windows.
 * Names break a tie, so that the order of registration does not matter.
 */
static int db_candidate_cmp(const void *va, const void *vb)
{
	const struct db_candidate *a = va, *b = vb;

	if (a->rank != b->rank)
		return a->rank < b->rank ? -1 : 1;
	if (a->preferences != b->preferences)
		return a->preferences > b->preferences ? -1 : 1;
	if (a->windows != b->windows)
		return a->windows < b->windows ? -1 : 1;

	return strcmp(a->backend->name, b->backend->name);
}

/* Has the controller declared a backend of its own that is not there? */
static bool db_own_is_late(struct pci_epf *epf)
{
	const struct pci_epc_features *features =
		pci_epc_get_features(epf->epc, epf->func_no, epf->vfunc_no);
	struct pci_ep_db_backend *backend;

	if (!features || !features->own_doorbell)
		return false;

	list_for_each_entry(backend, &db_backends, node)
		if (backend->epc == epf->epc)
			return false;

	return true;
}

/* The best of those that are not there yet; its rank is UINT_MAX if none is */
static void db_expect(struct pci_epf *epf, const struct pci_ep_db_request *req,
		      struct db_candidate *late)
{
	int rank = db_rank(req, PCI_EP_DB_CONTROLLER);

	*late = (struct db_candidate) { .rank = UINT_MAX };
	if (rank < 0 || !db_own_is_late(epf))
		return;

	late->rank = rank;
	pci_ep_db_refuse(&late->offer, "the controller's own doorbells are not there yet");
	pci_ep_db_record_refusal("controller", "%s", late->offer.reason);
}

/* Ask every backend. Which of those that are not there yet is best goes into @late. */
static unsigned int db_candidates(struct pci_epf *epf,
				  const struct pci_ep_db_request *req,
				  struct db_candidate *candidates,
				  struct db_candidate *late)
{
	struct pci_ep_db_backend *backend;
	unsigned int n = 0;
	int ret;

	db_expect(epf, req, late);
	list_for_each_entry(backend, &db_backends, node) {
		struct db_candidate *candidate = &candidates[n];

		if (backend->epc && backend->epc != epf->epc)
			continue;

		ret = db_query(backend, epf, req, candidate);
		if (!ret) {
			n++;
			continue;
		}
		if (ret == -EPROBE_DEFER && candidate->rank < late->rank)
			*late = *candidate;
		pci_ep_db_record_refusal(backend->name, "%s",
					 candidate->offer.reason[0] ?
					 candidate->offer.reason :
					 "no reason given");
	}

	return n;
}

/* Leave only those that are not to wait for the one that is expected. */
static unsigned int db_drop_worse(struct db_candidate *candidates, unsigned int n,
				  const struct db_candidate *late)
{
	unsigned int i, kept = 0;

	for (i = 0; i < n; i++)
		if (candidates[i].rank <= late->rank)
			candidates[kept++] = candidates[i];
		else
			pci_ep_db_record_refusal(candidates[i].backend->name,
						 "not asked, a better one is expected");

	return kept;
}

static void db_set_destroy(struct pci_ep_db_set_priv *set)
{
	if (!set)
		return;

	bitmap_free(set->enabled);
	bitmap_free(set->pending);
	bitmap_free(set->again);
	kfree(set->known);
	kfree(set->bell);
	kfree(set->pub.target);
	kfree(set);
}

DEFINE_FREE(db_set, struct pci_ep_db_set_priv *, db_set_destroy(_T))

static struct pci_ep_db_set_priv *db_set_create(struct pci_epf *epf,
						const struct pci_ep_db_request *req)
{
	struct pci_ep_db_set_priv *set __free(db_set) = kzalloc_obj(*set);
	unsigned int i;

	if (!set)
		return NULL;

	set->pub.epf = epf;
	set->pub.req = *req;
	if (!set->pub.req.min_count)
		set->pub.req.min_count = req->count;
	set->pub.target = kzalloc_objs(*set->pub.target, req->count);
	set->bell = kzalloc_objs(*set->bell, req->count);
	set->enabled = bitmap_zalloc(req->count, GFP_KERNEL);
	set->pending = bitmap_zalloc(req->count, GFP_KERNEL);
	set->again = bitmap_zalloc(req->count, GFP_KERNEL);
	/* They are read in pairs. */
	set->known = kzalloc_objs(*set->known, round_up(req->count, 2));
	if (!set->pub.target || !set->bell || !set->enabled || !set->pending ||
	    !set->again || !set->known)
		return NULL;

	for (i = 0; i < req->count; i++)
		set->bell[i].set = set;
	pci_ep_db_init_delivery(set);

	return no_free_ptr(set);
}

/* Too large for the stack */
static struct pci_ep_db_layout_ctrl *db_describe(struct pci_epf *epf,
						 const struct pci_ep_db_request *req)
{
	struct pci_ep_db_layout_ctrl *ctrl __free(kfree) = kmalloc_obj(*ctrl);
	int ret;

	if (!ctrl)
		return ERR_PTR(-ENOMEM);

	ret = pci_ep_db_describe_ctrl(epf, req, ctrl);
	if (ret)
		return ERR_PTR(ret);

	return no_free_ptr(ctrl);
}

/* Address and data are known: find the place, for fewer words if need be. */
static int db_solve(struct pci_ep_db_set_priv *set, bool parts, const char **step)
{
	const struct pci_ep_db_request *req = &set->pub.req;
	int ret;

	*step = "description of the BARs";
	struct pci_ep_db_layout_ctrl *ctrl __free(kfree) =
		db_describe(set->pub.epf, req);
	if (IS_ERR(ctrl))
		return PTR_ERR(ctrl);
	ctrl->subrange &= parts;

	*step = "no place in a BAR for it";
	for (;;) {
		ret = pci_ep_db_solve(ctrl, req, set->offer.form, set->pub.target,
				      set->pub.count, &set->layout);
		if (ret != -ENOSPC || set->pub.count == req->min_count ||
		    set->offer.form != PCI_EP_DB_FORM_MEMORY)
			return ret;
		set->pub.count--;
	}
}

static void db_release(struct pci_ep_db_set_priv *set)
{
	pci_ep_db_stop_delivery(set);
	set->pub.backend->ops->free(&set->pub);
	set->pub.backend = NULL;
}

/* Take what a backend offers, and see where it can be. */
static int db_acquire(struct pci_ep_db_set_priv *set,
		      const struct db_candidate *candidate, const char **step)
{
	const struct pci_ep_db_backend_ops *ops = candidate->backend->ops;
	int ret;

	set->offer = candidate->offer;
	set->pub.backend = candidate->backend;
	set->pub.count = min(set->pub.req.count, candidate->offer.max_count);
	memset(set->pub.target, 0,
	       set->pub.req.count * sizeof(*set->pub.target));

	*step = "allocation";
	ret = ops->alloc(&set->pub);
	if (ret) {
		/* A set that waits for another one is not this one's. */
		set->pub.backend = NULL;
		return ret;
	}

	*step = "interrupt or thread";
	ret = pci_ep_db_start_delivery(set);

	if (!ret && ops->get_targets) {
		*step = "address and data of its targets";
		ret = ops->get_targets(&set->pub);
	}
	if (!ret)
		ret = db_solve(set, true, step);
	if (ret)
		db_release(set);

	return ret;
}

/*
 * A part of a BAR may not be had where the whole one can: it needs more windows,
 * and an address that the host has assigned.
 */
static int db_place(struct pci_ep_db_set_priv *set, const char **step)
{
	const struct pci_ep_db_layout *layout = &set->layout;
	const char *ignored;
	int ret;

	*step = "setting the BAR";
	ret = pci_ep_db_place(set);
	if (!ret || layout->form != PCI_EP_DB_FORM_BUS ||
	    layout->window_size == layout->size)
		return ret;

	*step = "mapping a part of the BAR, which the host must have assigned";
	if (db_solve(set, false, &ignored))
		return ret;

	*step = "setting the BAR";

	return pci_ep_db_place(set);
}

/* Put it there. */
static int db_settle(struct pci_ep_db_set_priv *set, const char **step)
{
	const struct pci_ep_db_backend_ops *ops = set->pub.backend->ops;
	int ret;

	*step = "another set has these words";
	if (set->offer.form == PCI_EP_DB_FORM_MEMORY && pci_ep_db_words_taken(set))
		return -EBUSY;

	ret = db_place(set, step);
	if (ret)
		return ret;

	*step = "start";
	ret = ops->start ? ops->start(&set->pub) : 0;
	if (ret) {
		pci_ep_db_unplace(set);
		return ret;
	}

	pci_ep_db_prime(set);
	set->caps = set->offer.caps & ~PCI_EP_DB_ISOLATED;
	if (set->layout.isolated)
		set->caps |= PCI_EP_DB_ISOLATED;

	return 0;
}

static int db_take(struct pci_ep_db_set_priv *set,
		   const struct db_candidate *candidate, const char **step)
{
	int ret = db_acquire(set, candidate, step);

	if (ret)
		return ret;

	ret = db_settle(set, step);
	if (ret)
		db_release(set);

	return ret;
}

/*
 * How good a candidate is shows when its targets are known. That matters only
 * between backends of one type, so only then they are tried.
 */
static void db_rate(struct pci_ep_db_set_priv *set, struct db_candidate *candidate)
{
	u32 caps = candidate->offer.caps & ~PCI_EP_DB_ISOLATED;
	const char *step;

	if (db_acquire(set, candidate, &step))
		return;
	if (set->layout.isolated)
		caps |= PCI_EP_DB_ISOLATED;
	candidate->preferences = hweight32(set->pub.req.prefer & caps);
	candidate->windows = set->layout.windows;
	db_release(set);
}

/* The candidates in the order in which they are to be taken */
static void db_sort(struct pci_ep_db_set_priv *set,
		    struct db_candidate *candidates, unsigned int n)
{
	unsigned int i;

	sort(candidates, n, sizeof(*candidates), db_candidate_cmp, NULL);

	for (i = 0; i < n; i++)
		if ((i && candidates[i].rank == candidates[i - 1].rank) ||
		    (i + 1 < n && candidates[i].rank == candidates[i + 1].rank))
			db_rate(set, &candidates[i]);

	sort(candidates, n, sizeof(*candidates), db_candidate_cmp, NULL);
}

/* -EPROBE_DEFER only if the set may wait and there is something to wait for */
static int db_choose(struct pci_ep_db_set_priv *set, bool may_wait)
{
	const struct pci_ep_db_request *req = &set->pub.req;
	struct pci_epf *epf = set->pub.epf;
	unsigned int i, n, chosen;
	struct db_candidate late;
	const char *step;
	int ret;

	struct db_candidate *candidates __free(kfree) =
		kzalloc_objs(*candidates, list_count_nodes(&db_backends) + 1);
	if (!candidates)
		return -ENOMEM;

	n = db_candidates(epf, req, candidates, &late);
	may_wait &= late.rank != UINT_MAX;
	if (may_wait)
		n = db_drop_worse(candidates, n, &late);
	db_sort(set, candidates, n);
	for (chosen = 0; chosen < n; chosen++) {
		ret = db_take(set, &candidates[chosen], &step);
		if (!ret)
			break;
		pci_ep_db_record_refusal(candidates[chosen].backend->name,
					 "%s: %pe", step, ERR_PTR(ret));
		dev_dbg(&epf->dev, "%s: no doorbells from %s: %s: %pe\n", req->name,
			candidates[chosen].backend->name, step, ERR_PTR(ret));
	}
	if (chosen == n) {
		set->offer = late.offer;
		return may_wait ? -EPROBE_DEFER : -EOPNOTSUPP;
	}

	for (i = chosen + 1; i < n; i++)
		pci_ep_db_record_refusal(candidates[i].backend->name,
					 "not asked, %s comes first",
					 candidates[chosen].backend->name);

	return 0;
}

/* What was logged of a function: a bit for each BAR, by the type of the backend */
struct db_exposed {
	u8	bars[PCI_EP_DB_NR_TYPES];
};

static void db_exposed_release(struct device *dev, void *res)
{
}

VISIBLE_IF_KUNIT void pci_ep_db_log_exposed(const struct pci_ep_db_set_priv *set)
{
	KUNIT_STATIC_STUB_REDIRECT(pci_ep_db_log_exposed, set);

	dev_info(&set->pub.epf->dev,
		 "the doorbells of %s in BAR%d show other registers to the host\n",
		 set->pub.backend->name, set->layout.bar);
}
EXPORT_SYMBOL_IF_KUNIT(pci_ep_db_log_exposed);

static struct db_exposed *db_get_exposed(struct device *dev)
{
	struct db_exposed *exposed = devres_find(dev, db_exposed_release, NULL, NULL);

	if (exposed)
		return exposed;

	exposed = devres_alloc(db_exposed_release, sizeof(*exposed), GFP_KERNEL);
	if (exposed)
		devres_add(dev, exposed);

	return exposed;
}

/*
 * The host can reach what the window shows: say it, but not every time, because
 * there are EPFs that ask for doorbells whenever their host wants them to. It is
 * said again when the EPF gets a driver anew.
 */
static void db_log_exposed_once(const struct pci_ep_db_set_priv *set)
{
	struct db_exposed *exposed = db_get_exposed(&set->pub.epf->dev);
	u8 none = 0, *bars = &none;

	if (exposed)
		bars = &exposed->bars[set->pub.backend->type];
	if (!(*bars & BIT(set->layout.bar)))
		pci_ep_db_log_exposed(set);
	*bars |= BIT(set->layout.bar);
}

/* The set has doorbells now. */
static void db_adopt(struct pci_ep_db_set_priv *set)
{
	if (!(set->caps & PCI_EP_DB_ISOLATED))
		db_log_exposed_once(set);
	set->pub.backend->users++;
}

static void db_set_state(struct pci_ep_db_set_priv *set, enum pci_ep_db_state state)
{
	guard(raw_spinlock_irqsave)(&set->lock);
	/* Pairs with the acquire in pci_ep_db_live(). */
	smp_store_release(&set->state, state);
}

/* How long until a pending set takes what there is, in jiffies */
static unsigned long db_time_left(const struct pci_ep_db_set_priv *set)
{
	u64 now = get_jiffies_64();

	return time_before64(now, set->deadline) ? set->deadline - now : 0;
}

/* Is the provider there, or the time over? Called under the core's mutex. */
static int db_ask_again(struct pci_ep_db_set_priv *set)
{
	unsigned long left = db_time_left(set);
	int ret;

	if (set->state != PCI_EP_DB_PENDING)
		return -EPROBE_DEFER;

	pci_ep_db_record_request(set->pub.epf, &set->pub.req);
	ret = db_choose(set, left);
	if (ret)
		set->pub.count = 0;
	if (ret == -EPROBE_DEFER) {
		queue_delayed_work(db_wq, &set->wait, min(left, DB_ASK_AGAIN));
		return ret;
	}
	pci_ep_db_record_result(set, ret);
	if (!ret)
		db_adopt(set);
	db_set_state(set, ret ? PCI_EP_DB_GONE : PCI_EP_DB_LIVE);
	pci_ep_db_update_dir(set);

	return ret;
}

static void db_wait_work(struct work_struct *work)
{
	struct pci_ep_db_set_priv *set = container_of(to_delayed_work(work),
						      struct pci_ep_db_set_priv, wait);
	int ret;

	scoped_guard(mutex, &pci_ep_db_mutex)
		ret = db_ask_again(set);

	/* It may free the set. */
	if (ret != -EPROBE_DEFER)
		set->pub.req.ready(&set->pub, ret, set->pub.req.priv);
}

/* Are we called by the set's work item, by a backend or from ready? */
static bool db_in_work(const struct pci_ep_db_set_priv *set)
{
	return current_work() == &set->wait.work;
}

/* Is a set alive, or an errno. @state only goes on. */
int pci_ep_db_live(const struct pci_ep_db_set_priv *set)
{
	/* Pairs with the release in db_set_state(). */
	switch (smp_load_acquire(&set->state)) {
	case PCI_EP_DB_LIVE:
		return 0;
	case PCI_EP_DB_PENDING:
		return -EAGAIN;
	default:
		return -ENODEV;
	}
}

/**
 * pci_ep_db_alloc() - get doorbells
 * @epf: the function; it is bound to its primary controller
 * @req: what it needs; copied
 *
 * Finds the backend that fits best, takes the doorbells from it and places
 * them in a BAR. All doorbells of the set are disabled at first. Nothing is
 * printed if no backend fits: that is for the EPF, if it cannot go on. debugfs
 * (pci-ep-doorbell/requests) tells why each backend was refused.
 *
 * The set may be pending if the request has ready: ask pci_ep_db_await().
 *
 * Call it between epc_init and epc_deinit, because BARs may be set.
 *
 * Context: process. May sleep; takes the core's mutex and epc->lock.
 * Return: the set; ERR_PTR(-EINVAL) for a request that contradicts itself or
 * names what does not exist, before any backend is asked; ERR_PTR(-EOPNOTSUPP)
 * if no backend can give what is asked for; ERR_PTR(-ENOMEM).
 */
struct pci_ep_db_set *pci_ep_db_alloc(struct pci_epf *epf,
				      const struct pci_ep_db_request *req)
{
	int ret;

	if (!epf || !epf->epc || !req || pci_ep_db_check_request(req))
		return ERR_PTR(-EINVAL);

	guard(mutex)(&pci_ep_db_mutex);

	struct pci_ep_db_layout_ctrl *ctrl __free(kfree) = db_describe(epf, req);

	if (IS_ERR(ctrl))
		return ERR_CAST(ctrl);

	struct pci_ep_db_set_priv *set __free(db_set) = db_set_create(epf, req);

	if (!set)
		return ERR_PTR(-ENOMEM);

	INIT_DELAYED_WORK(&set->wait, db_wait_work);
	pci_ep_db_record_request(epf, req);
	ret = db_choose(set, req->ready && db_wq);
	pci_ep_db_record_result(set, ret);
	if (ret && ret != -EPROBE_DEFER)
		return ERR_PTR(ret);

	if (!ret) {
		db_adopt(set);
	} else {
		set->state = PCI_EP_DB_PENDING;
		set->pub.count = 0;
	}
	set->id = db_next_id++;
	list_add_tail(&set->node, &pci_ep_db_sets);
	pci_ep_db_add_dir(set);

	return &no_free_ptr(set)->pub;
}
EXPORT_SYMBOL_GPL(pci_ep_db_alloc);

/**
 * pci_ep_db_await() - is a set pending, and if so wait for its provider
 * @set: the set
 *
 * A set is pending if a provider is expected that the EPF would rather have
 * than those that are there: an MSI controller whose driver has not come yet,
 * or the backend that the endpoint controller has declared. Until this is
 * called nothing happens to a pending set: the EPF first stores the set, puts
 * memory into the BAR it lends, and whatever else ready goes by.
 *
 * From then on the provider is asked for. When it appears the set takes its
 * doorbells from it; after the time in the module parameter provider_timeout
 * it takes the next backend. Either way ready tells, maybe before this has
 * returned. Meanwhile pci_ep_db_enable(), _location(), _value() and _rearm()
 * give -EAGAIN, pci_ep_db_count() and pci_ep_db_caps() 0. A set that the
 * holder frees before, or whose controller goes away before, is not told of.
 *
 * Context: process. May sleep; takes the core's mutex.
 * Return: true if the set is pending and ready will be called.
 */
bool pci_ep_db_await(struct pci_ep_db_set *set)
{
	struct pci_ep_db_set_priv *priv = to_db_set_priv(set);

	guard(mutex)(&pci_ep_db_mutex);

	if (priv->state != PCI_EP_DB_PENDING)
		return false;
	if (!priv->deadline) {
		priv->deadline = get_jiffies_64() +
				 msecs_to_jiffies(READ_ONCE(pci_ep_db_provider_timeout));
		queue_delayed_work(db_wq, &priv->wait, 0);
	}

	return true;
}
EXPORT_SYMBOL_GPL(pci_ep_db_await);

/**
 * pci_ep_db_controller_gone() - an endpoint controller goes away
 * @epc: the controller
 *
 * For pci_epc_destroy(), which does not ask whether functions still have sets.
 * When it has returned, no pending set asks the controller any more.
 *
 * Context: process. May sleep; takes the core's mutex.
 */
void pci_ep_db_controller_gone(struct pci_epc *epc)
{
	struct pci_ep_db_set_priv *set;

	guard(mutex)(&pci_ep_db_mutex);

	list_for_each_entry(set, &pci_ep_db_sets, node)
		if (set->state == PCI_EP_DB_PENDING && set->pub.epf->epc == epc)
			db_set_state(set, PCI_EP_DB_GONE);
}

/*
 * Stop what a set's backend does for it. When it returns, no handler runs or
 * will run, and the backend has forgotten the set.
 */
static void db_end(struct pci_ep_db_set_priv *set, bool keep_bar)
{
	struct pci_ep_db_backend *backend = set->pub.backend;

	pci_ep_db_disable(&set->pub);
	if (backend->ops->stop)
		backend->ops->stop(&set->pub);
	pci_ep_db_stop_delivery(set);

	scoped_guard(mutex, &pci_ep_db_mutex) {
		/* The host's way to the target goes before the target does. */
		if (keep_bar)
			pci_ep_db_to_scratch(set);
		else
			pci_ep_db_unplace(set);
		backend->ops->free(&set->pub);
		set->pub.backend = NULL;
		pci_ep_db_update_dir(set);
		store_release_wake_up(&backend->users, backend->users - 1);
	}
}

/* Only one may end a set. Called under the core's mutex. */
static bool db_begin_end(struct pci_ep_db_set_priv *set)
{
	guard(raw_spinlock_irqsave)(&set->lock);

	if (set->state != PCI_EP_DB_LIVE && set->state != PCI_EP_DB_PENDING)
		return false;
	WRITE_ONCE(set->state, PCI_EP_DB_ENDING);
	WRITE_ONCE(set->ender, current);

	return true;
}

static bool db_gone(struct pci_ep_db_set_priv *set)
{
	/* Pairs with the release in db_evict(): gone has returned. */
	return smp_load_acquire(&set->state) == PCI_EP_DB_GONE;
}

/*
 * When it has returned, ready does not run and will not, unless it is our
 * caller. Nobody queues the work of a set that is no longer pending.
 */
static void db_stop_waiting(struct pci_ep_db_set_priv *set)
{
	if (db_in_work(set))
		cancel_delayed_work(&set->wait);
	else
		cancel_delayed_work_sync(&set->wait);
}

/**
 * pci_ep_db_free() - give doorbells back
 * @set: the set, or NULL or an ERR_PTR
 *
 * When it has returned, no handler of the set runs or will run, nor ready, and
 * the BAR is mapped as it was before; words of the EPF's memory that were
 * doorbells keep what the host left there. Not for handlers; an EPF's work
 * items, gone and ready may call it.
 *
 * Context: process. May sleep; takes the core's mutex and epc->lock. Waits for
 * running handlers, for ready, and if the backend is going away for gone.
 */
void pci_ep_db_free(struct pci_ep_db_set *set)
{
	struct pci_ep_db_set_priv *priv;
	bool ours;

	if (IS_ERR_OR_NULL(set))
		return;

	priv = to_db_set_priv(set);
	if (WARN_ON_ONCE(READ_ONCE(priv->runner) == current))
		return;

	scoped_guard(mutex, &pci_ep_db_mutex)
		ours = db_begin_end(priv);
	db_stop_waiting(priv);

	if (ours) {
		/* A pending one has none. */
		if (priv->pub.backend)
			db_end(priv, false);
	} else if (READ_ONCE(priv->ender) != current) {
		/* The backend is going away: it is about to tell the holder. */
		wait_var_event(&priv->state, db_gone(priv));
	}

	scoped_guard(mutex, &pci_ep_db_mutex) {
		if (!ours)
			pci_ep_db_unplace(priv);
		pci_ep_db_del_dir(priv);
		list_del(&priv->node);
	}

	/* From gone: the one that called it must not find the set again. */
	if (!ours && !db_gone(priv)) {
		WRITE_ONCE(priv->ender, NULL);
		return;
	}
	db_set_destroy(priv);
}
EXPORT_SYMBOL_GPL(pci_ep_db_free);

/* The backend of this set goes away: end it and tell the holder. */
static void db_evict(struct pci_ep_db_set_priv *set)
{
	db_end(set, true);

	if (set->pub.req.gone)
		set->pub.req.gone(&set->pub, set->pub.req.priv);

	/* Freed by gone? Then nobody else knows it any more. */
	if (!READ_ONCE(set->ender)) {
		db_set_destroy(set);
		return;
	}
	store_release_wake_up(&set->state, PCI_EP_DB_GONE);
}

/* A set of the backend that nobody is ending yet. */
static struct pci_ep_db_set_priv *db_next_user(struct pci_ep_db_backend *backend)
{
	struct pci_ep_db_set_priv *set;

	guard(mutex)(&pci_ep_db_mutex);

	list_for_each_entry(set, &pci_ep_db_sets, node)
		if (set->pub.backend == backend && db_begin_end(set))
			return set;

	return NULL;
}

static void db_ask_all_again(void)
{
	struct pci_ep_db_set_priv *set;

	lockdep_assert_held(&pci_ep_db_mutex);

	list_for_each_entry(set, &pci_ep_db_sets, node)
		if (set->state == PCI_EP_DB_PENDING && set->deadline)
			mod_delayed_work(db_wq, &set->wait, 0);
}

/**
 * pci_ep_db_register_backend() - offer doorbells
 * @backend: the backend; its name, type and ops are set. Must live until
 *	pci_ep_db_unregister_backend() has returned.
 *
 * Requests made from now on may be given to it, and sets that are pending.
 *
 * Context: process. May sleep.
 * Return: 0; -EINVAL if something is missing; -EEXIST if a backend of that name
 * is registered already for that controller.
 */
int pci_ep_db_register_backend(struct pci_ep_db_backend *backend)
{
	struct pci_ep_db_backend *other;

	if (!backend || !backend->name || !backend->ops || !backend->ops->query ||
	    !backend->ops->alloc || !backend->ops->free ||
	    (unsigned int)backend->type >= PCI_EP_DB_NR_TYPES)
		return -EINVAL;

	guard(mutex)(&pci_ep_db_mutex);

	list_for_each_entry(other, &db_backends, node)
		if (other->epc == backend->epc && !strcmp(other->name, backend->name))
			return -EEXIST;

	backend->users = 0;
	list_add_tail(&backend->node, &db_backends);
	db_ask_all_again();

	return 0;
}
EXPORT_SYMBOL_GPL(pci_ep_db_register_backend);

/**
 * pci_ep_db_unregister_backend() - no longer offer doorbells
 * @backend: a registered backend
 *
 * Ends every set the backend serves: waits for running handlers, frees their
 * IRQs, lets late rings reach memory that nobody reads (what the hardware shows
 * in a BAR by itself stays there), and tells the holders. When it has returned,
 * the core does not call the backend any more and its text may be unloaded.
 *
 * Context: process, not from a handler, gone or ready, nor under the endpoint
 * core's list_lock or epf->lock, because it waits for others who free their
 * sets. May sleep; takes the core's mutex and epc->lock.
 */
void pci_ep_db_unregister_backend(struct pci_ep_db_backend *backend)
{
	struct pci_ep_db_set_priv *set;

	scoped_guard(mutex, &pci_ep_db_mutex)
		list_del(&backend->node);

	/* Who is about to be told of his doorbells is told before they go. */
	if (db_wq)
		flush_workqueue(db_wq);

	while ((set = db_next_user(backend)))
		db_evict(set);

	/* Those that their holders were freeing meanwhile */
	wait_var_event(&backend->users, !READ_ONCE(backend->users));

	/* The last of them may still be on its way out of the mutex. */
	guard(mutex)(&pci_ep_db_mutex);
}
EXPORT_SYMBOL_GPL(pci_ep_db_unregister_backend);

/**
 * pci_ep_db_count() - how many doorbells a set has
 * @set: the set
 *
 * Return: between min_count and count of the request; 0 if the set is pending.
 */
unsigned int pci_ep_db_count(const struct pci_ep_db_set *set)
{
	return pci_ep_db_live(to_db_set_priv(set)) == -EAGAIN ? 0 : set->count;
}
EXPORT_SYMBOL_GPL(pci_ep_db_count);

/**
 * pci_ep_db_caps() - which capabilities a set has
 * @set: the set
 *
 * Return: PCI_EP_DB_DISTINCT, PCI_EP_DB_EXACT, PCI_EP_DB_ISOLATED or none.
 */
u32 pci_ep_db_caps(const struct pci_ep_db_set *set)
{
	return to_db_set_priv(set)->caps;
}
EXPORT_SYMBOL_GPL(pci_ep_db_caps);

/**
 * pci_ep_db_location() - where and how the host rings a doorbell
 * @set: the set
 * @index: which doorbell
 * @loc: the answer, to be published to the host
 *
 * Context: any.
 * Return: 0; -EINVAL if there is no such doorbell; -ENODEV if the backend is
 * gone; -EAGAIN if the set is pending.
 */
int pci_ep_db_location(const struct pci_ep_db_set *set, unsigned int index,
		       struct pci_ep_db_location *loc)
{
	const struct pci_ep_db_set_priv *priv = to_db_set_priv(set);
	int ret = pci_ep_db_live(priv);

	/* The backend that a pending set is about to get knows it already. */
	if (ret && !(ret == -EAGAIN && db_in_work(priv)))
		return ret;
	if (index >= set->count)
		return -EINVAL;

	loc->bar = priv->layout.bar;
	loc->offset = pci_ep_db_layout_offset(&priv->layout, set->target, index);
	loc->data = set->target[index].data;

	return 0;
}
EXPORT_SYMBOL_GPL(pci_ep_db_location);

static int __init db_init(void)
{
	db_wq = alloc_workqueue("pci-ep-doorbell", WQ_UNBOUND, 0);

	return db_wq ? 0 : -ENOMEM;
}
subsys_initcall(db_init);
