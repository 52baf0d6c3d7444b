// SPDX-License-Identifier: GPL-2.0
/*
 * Silence after disable: db_deliver_one() and pci_ep_db_disable_one() of
 * pci-ep-doorbell-deliver.c.
 *
 * Who calls handlers announces that in running and then looks at enabled; who
 * disables clears enabled and then looks at running. How stores are modelled: see
 * ring.pml.
 */

/* smp_mb() in db_deliver_one() */
#ifdef NO_BARRIER_DELIVER
#define BARRIER_DELIVER	skip
#else
#define BARRIER_DELIVER	empty(to_running)
#endif

/* smp_mb__after_atomic() in pci_ep_db_disable_one() */
#ifdef NO_BARRIER_DISABLE
#define BARRIER_DISABLE	skip
#else
#define BARRIER_DISABLE	empty(to_enabled)
#endif

bit is_enabled = 1, running;
chan to_running = [1] of { bit };
chan to_enabled = [1] of { bit };

bit in_handler, silent;

/* Rings come without end. */
active proctype runner()
{
end:
	do
	:: to_running!1;
		BARRIER_DELIVER;
		if
		:: is_enabled ->
			in_handler = 1;
			assert(!silent);
			in_handler = 0
		:: !is_enabled
		fi;
		to_running!0
	od
}

active proctype disabler()
{
	to_enabled!0;
	BARRIER_DISABLE;
	/* wait_var_event() */
	!running;
	silent = 1;
	assert(!in_handler)
}

active proctype memory()
{
end:
	do
	:: atomic { to_running?running }
	:: atomic { to_enabled?is_enabled }
	od
}
