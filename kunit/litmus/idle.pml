// SPDX-License-Identifier: GPL-2.0
/*
 * A wake-up is never lost: poll_wait_enabled() of backends/pci-ep-doorbell-poll.c
 * and pci_ep_db_enable_one().
 *
 * The thread says that it sleeps and then looks whether a doorbell is enabled; who
 * enables one sets the bit and then looks whether the thread sleeps. poll_sleep()
 * and a setting in sysfs are the same. How stores are modelled: see ring.pml.
 */

/* set_current_state() in poll_wait_enabled() */
#ifdef NO_BARRIER_SLEEP
#define BARRIER_SLEEP	skip
#else
#define BARRIER_SLEEP	empty(to_sleeping)
#endif

/* smp_mb__after_atomic() in pci_ep_db_enable_one(); wake_up_process() has one too */
#ifdef NO_BARRIER_WAKE
#define BARRIER_WAKE	skip
#else
#define BARRIER_WAKE	empty(to_enabled)
#endif

/* The thread's state is TASK_IDLE */
bit sleeping;
bit is_enabled;
chan to_sleeping = [1] of { bit };
chan to_enabled = [1] of { bit };

active proctype thread()
{
	bit idle;

	do
	:: to_sleeping!1;
		BARRIER_SLEEP;
		idle = !is_enabled;
		if
		:: idle ->
			/* schedule(): for good, if nobody wakes it. */
			empty(to_sleeping) && !sleeping
		:: else ->
			to_sleeping!0;
			break
		fi
	od
}

active proctype enabler()
{
	to_enabled!1;
	BARRIER_WAKE;
	atomic {
		if
		:: sleeping -> sleeping = 0
		:: else
		fi
	}
}

active proctype memory()
{
end:
	do
	:: atomic { to_sleeping?sleeping }
	:: atomic { to_enabled?is_enabled }
	od
}
