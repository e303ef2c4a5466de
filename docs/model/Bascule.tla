------------------------------- MODULE Bascule -------------------------------
(* An upgrade from 1.2.2 ("old") to 2.0.1 ("new") with the migration of the    *)
(* volumes from format 1 to format 2, as the code does it: who may serve, what *)
(* the record says, which format holds what, and what a cancel, a commit and   *)
(* any crash make of it. README.md beside this file says what is left out.     *)
(*                                                                             *)
(* The comment above an action names the code that does it. A string in        *)
(* "Broken" switches one rule off; TLC must then find a broken invariant.      *)
EXTENDS Naturals, TLC

CONSTANTS
  Regions,      \* of 64 KiB, of one volume
  Migrates,     \* FALSE: a rolling upgrade without a migration
  HeadStart,    \* TRUE: preferredActive always goes first (see TakeOver)
  Writes, Kills, PowerCuts, Losses, OddBoots, Pauses, Slips, \* at most so many of each
  Reads,        \* TRUE: reads are modelled too
  Broken        \* rules that are switched off; {} is the code

VARIABLES
  (* Both controllers, the chassis, the lease. *)
  proc,    \* of each controller: "off" | "standby" | "opening" | "active"
  run,     \* the release it runs; "-" while it is off
  boot,    \* the release in the slot it boots next
  fall,    \* TRUE: a boot that fails falls back to the old release's slot
  fresh,   \* TRUE: the epoch it was given is the one in state.db
  lease,   \* who holds the lock; Nobody
  latest,  \* who took it last; followed only where it may slip
  badBoot, \* the chassis has noted that the new release did not come up
  (* state.db. *)
  row,
  (* The enclosure. A version is a number that grows; 0: never written. *)
  has1, has2,   \* whether the files of that format are there
  v1, v2,       \* what each region holds: in the page cache
  d1, d2,       \* what of it is on stable storage for certain
  file,         \* regions marked in the file of marks
  whole,        \* that file is complete, and of this boot of the machine
  verified,     \* both formats were compared as a whole
  (* Memory of the active controller. *)
  mig,     \* the migration's machine
  mode,    \* how volumes are served: the one reference of ModeSwitch
  lost,    \* FormatTwoGuard: format 2 failed
  mark,    \* of each region: "clean" | "intent" | "copy" | "unscanned"
  (* Hosts. *)
  wr,      \* the write under way in each region
  rd,      \* a read under way
  ack,     \* the last version acknowledged
  seen,    \* the last version a host was told of, by a write or a read
  flushed, \* the last version that a flush has promised
  (* Bookkeeping of the model. *)
  left,    \* what may still happen
  late,    \* writes of a dead process that still land; only in a broken model
  breach   \* a controller without the lease has changed the record

controllers == <<proc, run, boot, fall, fresh, lease, latest, badBoot>>
disks == <<has1, has2, v1, v2, d1, d2, file, whole, verified>>
memory == <<mig, mode, lost, mark>>
hosts == <<wr, rd, ack, seen, flushed>>
vars == <<controllers, row, disks, memory, hosts, left, late, breach>>

Controllers == {0, 1}
Nobody == 2
OnceActive == 0      \* the active controller when the upgrade begins
Standby == 1         \* the one that is upgraded first
Other(c) == 1 - c

Phases == {"P1", "P2", "P3", "P4", "COMMIT"}   \* StepName.phase() is not empty
BothFormats == {"P2", "P3", "P4", "COMMIT"}
Under(r) == r.state \in {"RUNNING", "PAUSED"}

NoWrite == [pc |-> "idle", mode |-> "-", kind |-> "-", ver |-> 0, one |-> FALSE, two |-> FALSE]
NoRead == [at |-> "-", mode |-> "-", floor |-> 0]

Max(a, b) == IF a > b THEN a ELSE b
is(rule) == rule \notin Broken

-------------------------------------------------------------------------------
(* Shorthands.                                                                 *)

\* Who serves hosts: the only one whose memory the model has.
Serves(c) == lease = c /\ proc[c] = "active"
NewServes == \E c \in Controllers : Serves(c) /\ run[c] = "new"

\* Whose upgrade thread is alive.
Acts(c) == proc[c] = "active" /\ (fresh[c] \/ ~is("epoch-checked"))

UpOn(c, release) == proc[c] \in {"standby", "active"} /\ run[c] = release
BothUp == UpOn(0, "new") /\ UpOn(1, "new")
Settled == \A c \in Controllers : ~fall[c]

Copied == \A r \in Regions : mark[r] \notin {"copy", "unscanned"}
Mirrors == mode \in {"BOTH", "READ2"}

\* RegionLocks: an operation on both formats holds its region from the look at the
\* marks to its end; one on a single format without marks knows no locks.
Free(r) == wr[r].pc # "locked" \/ wr[r].kind = "raw"

\* ModeSwitch.awaitPast: nobody is in an earlier mode than those.
WritesAreIn(modes) == \A r \in Regions : wr[r].mode \in modes \cup {"-"}
AllAreIn(modes) == WritesAreIn(modes) /\ rd.mode \in modes \cup {"-"}

\* What a process forgets when it ends.
Forget ==
  /\ mig' = "off" /\ mode' = "V1" /\ lost' = FALSE
  /\ mark' = [r \in Regions |-> "unscanned"]
  /\ wr' = [r \in Regions |-> NoWrite] /\ rd' = NoRead

\* UpgradeStore.save: one transaction; StateDb.commit checks the epoch first, which is in Acts.
Record(c, next) ==
  row' = next /\ breach' = (breach \/ c # IF Slips = 0 THEN lease ELSE latest)

\* UpgradeMachine.goBack
Back(r) == [r EXCEPT !.state = "CANCELING", !.step = "U_DROP", !.canceled = TRUE]

-------------------------------------------------------------------------------
Init ==
  /\ proc = [c \in Controllers |-> IF c = OnceActive THEN "active" ELSE "standby"]
  /\ run = [c \in Controllers |-> "old"]
  /\ boot = [c \in Controllers |-> "old"]
  /\ fall = [c \in Controllers |-> FALSE]
  /\ fresh = [c \in Controllers |-> c = OnceActive]
  /\ lease = OnceActive /\ latest = OnceActive
  /\ badBoot = FALSE
  \* UpgradeMachine.begin
  /\ row = [state |-> "RUNNING", step |-> "STAGE", canceled |-> FALSE, committed |-> FALSE,
            invalid |-> FALSE, allowed |-> {"old"}, prefer |-> OnceActive]
  /\ has1 = TRUE /\ has2 = FALSE
  /\ v1 = [r \in Regions |-> 0] /\ v2 = [r \in Regions |-> 0]
  /\ d1 = [r \in Regions |-> 0] /\ d2 = [r \in Regions |-> 0]
  /\ file = {} /\ whole = FALSE /\ verified = FALSE
  /\ mig = "off" /\ mode = "V1" /\ lost = FALSE
  /\ mark = [r \in Regions |-> "unscanned"]
  /\ wr = [r \in Regions |-> NoWrite] /\ rd = NoRead
  /\ ack = [r \in Regions |-> 0] /\ seen = [r \in Regions |-> 0]
  /\ flushed = [r \in Regions |-> 0]
  /\ left = [writes |-> Writes, kills |-> Kills, cuts |-> PowerCuts, losses |-> Losses,
             odd |-> OddBoots, pauses |-> Pauses, slips |-> Slips]
  /\ late = {} /\ breach = FALSE

-------------------------------------------------------------------------------
(* Processes, the lease and the epoch.                                         *)

\* cli/chassis BootLife: a controller with power boots from the slot that is set.
Boot(c) ==
  /\ proc[c] = "off"
  /\ proc' = [proc EXCEPT ![c] = "standby"]
  /\ run' = [run EXCEPT ![c] = boot[c]]
  /\ UNCHANGED <<boot, fall, fresh, lease, latest, badBoot, row, disks, memory, hosts, left, late, breach>>

\* BootLife, three failed boots: back to the other slot, noted as lastFailure. And
\* Operator.powerOn with a slot: an administrator boots the old release.
OddBoot(c) ==
  /\ proc[c] = "off" /\ boot[c] = "new" /\ left.odd > 0
  /\ \/ fall[c] /\ badBoot' = TRUE
     \/ UNCHANGED badBoot
  /\ boot' = [boot EXCEPT ![c] = "old"]
  /\ fall' = [fall EXCEPT ![c] = FALSE]
  /\ left' = [left EXCEPT !.odd = @ - 1]
  /\ UNCHANGED <<proc, run, fresh, lease, latest, row, disks, memory, hosts, late, breach>>

Dies(c) ==
  /\ proc' = [proc EXCEPT ![c] = "off"]
  /\ run' = [run EXCEPT ![c] = "-"]
  /\ fresh' = [fresh EXCEPT ![c] = FALSE]
  /\ IF lease = c
     THEN lease' = Nobody /\ Forget
     ELSE UNCHANGED <<lease, memory, wr, rd>>

\* SIGKILL, a crash, CrashHandler.stop, or the chassis cutting the power of one that hangs. The
\* kernel frees the lock of OfdLock when the last thread has left it: what was being written is
\* there or not, and nothing lands later.
Kill(c) ==
  /\ proc[c] # "off" /\ left.kills > 0
  /\ left' = [left EXCEPT !.kills = @ - 1]
  /\ Dies(c)
  /\ late' = IF is("lock-outlives-writes") \/ lease # c THEN late
             ELSE late \cup {<<r, wr[r].ver>> : r \in {x \in Regions :
                    wr[x].pc = "locked" /\ wr[x].kind # "second" /\ ~wr[x].one}}
  /\ UNCHANGED <<boot, fall, latest, badBoot, row, disks, ack, seen, flushed, breach>>

\* Only where the lock does not outlive the writes of a killed process.
LandsLate ==
  /\ \E w \in late :
       /\ v1' = [v1 EXCEPT ![w[1]] = w[2]]
       /\ late' = late \ {w}
  /\ UNCHANGED <<controllers, row, has1, has2, v2, d1, d2, file, whole, verified, memory, hosts,
                 left, breach>>

\* The machine loses power: of what was not synced, anything may be gone, marks too. Another boot
\* id, so Marks.load does not believe the marks of before.
PowerCut ==
  /\ left.cuts > 0
  /\ left' = [left EXCEPT !.cuts = @ - 1]
  /\ proc' = [c \in Controllers |-> "off"] /\ run' = [c \in Controllers |-> "-"]
  /\ fresh' = [c \in Controllers |-> FALSE] /\ lease' = Nobody
  /\ Forget
  /\ v1' \in {f \in [Regions -> 0..Writes] : \A r \in Regions : f[r] \in {d1[r], v1[r]}}
  /\ v2' \in {f \in [Regions -> 0..Writes] : \A r \in Regions : f[r] \in {d2[r], v2[r]}}
  /\ d1' = v1' /\ d2' = v2'
  /\ file' \in SUBSET file /\ whole' = (whole /\ ~is("marks-of-this-boot"))
  /\ ack' = flushed /\ seen' = flushed
  /\ UNCHANGED <<boot, fall, latest, badBoot, row, has1, has2, verified, flushed, late, breach>>

\* A defect that the epoch is there for: the lock is gone and its holder does not know.
Slip(c) ==
  /\ left.slips > 0 /\ Serves(c)
  /\ left' = [left EXCEPT !.slips = @ - 1]
  /\ lease' = Nobody /\ Forget
  /\ UNCHANGED <<proc, run, boot, fall, fresh, latest, badBoot, row, disks, ack, seen, flushed, late,
                 breach>>

\* StateDb.commit: "fenced: epoch is not ours". The first transaction ends the process.
Fenced(c) ==
  /\ proc[c] = "active" /\ ~fresh[c] /\ is("epoch-checked") /\ lease # c
  /\ Dies(c)
  /\ UNCHANGED <<boot, fall, latest, badBoot, row, disks, ack, seen, flushed, left, late, breach>>

\* RoleMachine.standby and .claiming, Node.claim, StateDb.judge: the lock, then one transaction
\* that asks whether this release may serve, counts the epoch, and lets a 1.2.2 give the
\* migration up before it serves anybody. HeadStart: the controller that preferredActive names
\* goes first whenever it is up; without it any of the two may come first.
TakeOver(c) ==
  /\ proc[c] = "standby" /\ lease = Nobody
  /\ run[c] \in row.allowed \/ ~is("allowed-asked")
  /\ run[c] = "new" \/ ~row.committed \/ ~is("committed-asked")
  /\ ~HeadStart \/ row.prefer = c \/ proc[Other(c)] # "standby"
     \/ run[Other(c)] \notin row.allowed
  /\ lease' = c /\ latest' = IF Slips = 0 THEN latest ELSE c
  /\ proc' = [proc EXCEPT ![c] = "opening"]
  /\ fresh' = [fresh EXCEPT ![c] = TRUE,
                            ![Other(c)] = IF is("epoch-counted") THEN FALSE ELSE @]
  /\ row' = [row EXCEPT !.canceled = @ \/
       ( /\ run[c] = "old" /\ is("takeover-cancels")
         /\ row.step \in Phases /\ ~row.committed )]
  /\ UNCHANGED <<run, boot, fall, badBoot, disks, memory, hosts, left, late, breach>>

\* Serving.open: TwoFormats.open, MigratingStorage.opened and .phaseUnderWay, Migration.open,
\* Jobs.openMarks, Marks.open. No host is served before this is over.
Open(c) ==
  /\ proc[c] = "opening"
  /\ proc' = [proc EXCEPT ![c] = "active"]
  /\ LET goOn == /\ run[c] = "new" /\ Under(row) /\ row.step \in BothFormats
                 /\ ~row.canceled /\ ~row.committed /\ ~row.invalid
     IN
     \/ /\ run[c] = "old" \/ ~(row.committed \/ goOn)
        /\ mig' = "off" /\ mode' = "V1"
        /\ UNCHANGED <<row, mark, left>>
     \/ /\ run[c] = "new" /\ row.committed
        /\ mig' = "committed" /\ mode' = "V2"
        /\ UNCHANGED <<row, mark, left>>
     \/ /\ goOn
        /\ mig' = "reopening" /\ mode' = "MARKING"
        /\ mark' = [r \in Regions |-> IF ~whole THEN "unscanned"
                                      ELSE IF r \in file THEN "copy" ELSE "clean"]
        /\ UNCHANGED <<row, left>>
     \/ \* TakeoverRule.isUnstable: format 2 is given up before anybody is served.
        /\ goOn /\ left.losses > 0
        /\ left' = [left EXCEPT !.losses = @ - 1]
        /\ row' = [row EXCEPT !.invalid = TRUE, !.state = "PAUSED"]
        /\ mig' = "off" /\ mode' = "V1"
        /\ UNCHANGED mark
  /\ UNCHANGED <<run, boot, fall, fresh, lease, latest, badBoot, disks, lost, hosts, late, breach>>

\* Serving.close, Node.close: hosts are drained, everything is closed, the lease given up, and the
\* process ends with the reboot code. One that does not drain is a Kill.
HandOver(c) ==
  /\ Serves(c) /\ UpOn(Other(c), run[Other(c)])
  /\ \A r \in Regions : wr[r] = NoWrite
  /\ rd = NoRead
  /\ Dies(c)
  /\ UNCHANGED <<boot, fall, latest, badBoot, row, disks, ack, seen, flushed, left, late, breach>>

-------------------------------------------------------------------------------
(* The upgrade thread: Reconciler.next names what is next for the step, and    *)
(* UpgradeThread.perform does it; UpgradeMachine.step changes the record.      *)

\* Reconciler.setSlot and .boot: controller x shall run that release. A boot of the active one is
\* a handover.
Drive(c, x, release, fallback) ==
  \/ /\ <<boot[x], fall[x]>> # <<release, fallback>>
     /\ boot' = [boot EXCEPT ![x] = release]
     /\ fall' = [fall EXCEPT ![x] = fallback]
     /\ UNCHANGED <<proc, run, fresh, lease, latest, badBoot, row, disks, memory, hosts, left, late, breach>>
  \/ /\ <<boot[x], fall[x]>> = <<release, fallback>>
     /\ x # c /\ proc[x] = "standby" /\ run[x] # release
     /\ proc' = [proc EXCEPT ![x] = "off"] /\ run' = [run EXCEPT ![x] = "-"]
     /\ UNCHANGED <<boot, fall, fresh, lease, latest, badBoot, row, disks, memory, hosts, left, late, breach>>
  \/ /\ <<boot[x], fall[x]>> = <<release, fallback>>
     /\ x = c /\ run[x] # release
     /\ HandOver(c)

Up(x, release, fallback) == <<boot[x], fall[x]>> = <<release, fallback>> /\ UpOn(x, release)

Goes(c) == Acts(c) /\ row.state = "RUNNING" /\ ~row.canceled

OnlyRow == UNCHANGED <<controllers, disks, memory, hosts, left, late>>

\* UpgradeMachine.stepDone and .rowOnEntering, with the goals that Planner.plan gives each step.
Rolling(c) ==
  /\ Goes(c)
  /\ CASE row.step = "STAGE" ->
            /\ Record(c, [row EXCEPT !.step = "ACT_STANDBY", !.allowed = {"old", "new"}])
            /\ OnlyRow
       [] row.step = "ACT_STANDBY" /\ ~badBoot ->
            IF ~Up(Standby, "new", TRUE) THEN Drive(c, Standby, "new", TRUE)
            ELSE /\ Record(c, [row EXCEPT !.step = "HANDOVER", !.prefer = Standby])
                 /\ OnlyRow
       [] row.step = "HANDOVER" /\ ~badBoot ->
            IF ~Up(Standby, "new", TRUE) THEN Drive(c, Standby, "new", TRUE)
            ELSE IF run[c] # "new" THEN HandOver(c)
            ELSE /\ UpOn(OnceActive, "old")
                 /\ Record(c, [row EXCEPT !.step = "ACT_ONCE"])
                 /\ OnlyRow
       [] row.step = "ACT_ONCE" /\ ~badBoot ->
            IF ~Up(Standby, "new", TRUE) THEN Drive(c, Standby, "new", TRUE)
            ELSE IF run[c] # "new" THEN HandOver(c)
            ELSE IF ~Up(OnceActive, "new", TRUE) THEN Drive(c, OnceActive, "new", TRUE)
            ELSE /\ Record(c, IF Migrates THEN [row EXCEPT !.step = "P1"]
                              ELSE [row EXCEPT !.step = "FINALIZE", !.allowed = {"new"}])
                 /\ OnlyRow
       [] OTHER -> FALSE

\* UpgradeMachine.goalsReached for a phase; MigrationMachine.reached says when.
PhaseDone(c) ==
  /\ Goes(c) /\ Serves(c) /\ run[c] = "new" /\ ~row.invalid
  /\ \/ /\ row.step = "P1" /\ mig = "prepared"
        /\ Record(c, [row EXCEPT !.step = "P2"])
     \/ /\ row.step = "P2" /\ mig = "copy" /\ Copied
        /\ Record(c, [row EXCEPT !.step = "P3"])
     \/ /\ row.step = "P3" /\ mig = "verify" /\ Copied /\ verified
        /\ Record(c, [row EXCEPT !.step = "P4"])
     \/ /\ row.step = "P4" /\ mig = "confirm" /\ Copied /\ verified /\ BothUp
        /\ Record(c, [row EXCEPT !.step = "COMMIT"])
     \/ /\ row.step = "COMMIT" /\ row.committed
        /\ Record(c, [row EXCEPT !.step = "FINALIZE"])
  /\ OnlyRow

\* Reconciler.settle: from here on no boot falls back.
Settle(c) ==
  /\ Goes(c)
  /\ row.step = "FINALIZE" \/ (row.step = "COMMIT" /\ BothUp)
  /\ \E x \in Controllers : fall[x] /\ fall' = [fall EXCEPT ![x] = FALSE]
  /\ UNCHANGED <<proc, run, boot, fresh, lease, latest, badBoot, row, disks, memory, hosts, left, late,
                 breach>>

Finish(c) ==
  /\ Goes(c) /\ row.step = "FINALIZE" /\ Settled
  /\ Record(c, [row EXCEPT !.state = "COMPLETED", !.step = "-"])
  /\ OnlyRow

\* CancelRules.whileUnderWay and .standbyGuard, UpgradeMachine.cancelStarted: one compare-and-set,
\* on the same thread as the commit's.
Cancel(c) ==
  /\ Acts(c) /\ Under(row) /\ ~row.committed
  /\ row.step \in {"ACT_ONCE"} \cup BothFormats
  /\ proc[Other(c)] = "standby"
  /\ Record(c, Back(row))
  /\ OnlyRow

\* UpgradeMachine.stepFailed: the new release did not come up (Reconciler.failed), or the old one
\* is asked for a phase it does not know (Reconciler.phase).
StepFails(c) ==
  /\ Goes(c) /\ ~row.committed
  /\ \/ badBoot /\ row.step \in {"ACT_STANDBY", "HANDOVER", "ACT_ONCE", "P4", "COMMIT"}
     \/ run[c] = "old" /\ row.step \in Phases
  /\ Record(c, Back(row))
  /\ OnlyRow

\* UpgradeThread.turn, UpgradeMachine.canceledByTakeover: a 1.2.2 has set canceled, nothing else.
TakenBack(c) ==
  /\ Acts(c) /\ Under(row) /\ row.canceled
  /\ Record(c, Back(row))
  /\ OnlyRow

\* UpgradeMachine.pauseAsked, .pauseNeeded
Pause(c) ==
  /\ Goes(c) /\ row.step \in Phases /\ ~row.committed /\ left.pauses > 0
  /\ left' = [left EXCEPT !.pauses = @ - 1]
  /\ Record(c, [row EXCEPT !.state = "PAUSED"])
  /\ UNCHANGED <<controllers, disks, memory, hosts, late>>

\* UpgradeMachine.resumed: after a loss from Phase 2 on.
Resume(c) ==
  /\ Acts(c) /\ row.state = "PAUSED" /\ ~row.canceled
  /\ Record(c, [row EXCEPT !.state = "RUNNING", !.step = IF row.invalid THEN "P2" ELSE @])
  /\ OnlyRow

\* UpgradeThread.madeAnew, UpgradeMachine.formatTwoMade
MadeAnew(c) ==
  /\ Goes(c) /\ Serves(c) /\ row.invalid /\ row.step = "P2"
  /\ mig \in {"prepared", "copy"}
  /\ Record(c, [row EXCEPT !.invalid = FALSE])
  /\ OnlyRow

\* UpgradeMachine.stepUndone in the order of Plan.undoOrder; the inverse goals of Planner.plan.
\* "StartOver" where a crash has changed the roles meanwhile.
Undo(c) ==
  LET p == Other(c)
      to(step) == Record(c, [row EXCEPT !.step = step]) /\ OnlyRow
  IN
  /\ Acts(c) /\ row.state = "CANCELING"
  /\ CASE row.step = "U_DROP" -> ~has2 /\ to("U_ONCE")
       [] row.step \in {"U_ONCE", "U_STANDBY"} ->
            IF ~Up(p, "old", FALSE) THEN Drive(c, p, "old", FALSE)
            ELSE IF row.step = "U_STANDBY" THEN to("U_END")
            ELSE /\ Record(c, [row EXCEPT !.step = "U_HANDOVER", !.prefer = p])
                 /\ OnlyRow
       [] row.step = "U_HANDOVER" ->
            IF <<boot[c], fall[c]>> # <<"old", FALSE>>
            THEN /\ boot' = [boot EXCEPT ![c] = "old"]
                 /\ fall' = [fall EXCEPT ![c] = FALSE]
                 /\ UNCHANGED <<proc, run, fresh, lease, latest, badBoot, row, disks, memory, hosts, left,
                                late, breach>>
            ELSE IF run[c] = "old" THEN to("U_STANDBY")
            ELSE IF UpOn(p, "old") THEN HandOver(c)
            ELSE proc[p] # "off" /\ to("U_DROP")
       [] row.step = "U_END" ->
            IF ~has2 /\ UpOn(0, "old") /\ UpOn(1, "old")
            THEN /\ Record(c, [row EXCEPT !.state = "CANCELED", !.step = "-",
                                          !.allowed = {"old"}, !.prefer = c])
                 /\ OnlyRow
            ELSE (run[c] # "old" \/ (proc[p] # "off" /\ run[p] # "old")) /\ to("U_DROP")
       [] OTHER -> FALSE

-------------------------------------------------------------------------------
(* The migration, in the process of the active controller: MigrationMachine    *)
(* decides, Migration runs it, Jobs and Workers do what takes long.            *)

Machine(m) == NewServes /\ mig \in m
OnlyMemory == UNCHANGED <<controllers, row, disks, hosts, left, late, breach>>

\* MigrationMachine.prepare, Jobs.make: an empty pool and marks of everything, then MARKING.
\* Again after a loss (Migration.renew), which is on record by then.
Make ==
  /\ row.state = "RUNNING" /\ ~row.canceled
  /\ \/ Machine({"off"}) /\ row.step = "P1"
     \/ Machine({"off", "lostDropped"}) /\ row.step = "P2" /\ row.invalid
  /\ has2' = TRUE /\ v2' = [r \in Regions |-> 0] /\ d2' = [r \in Regions |-> 0]
  /\ file' = {} /\ whole' = FALSE /\ verified' = FALSE
  /\ mark' = [r \in Regions |-> "unscanned"]
  /\ mig' = "scanning" /\ mode' = "MARKING" /\ lost' = FALSE
  /\ UNCHANGED <<controllers, row, has1, v1, d1, hosts, left, late, breach>>

\* Jobs.scan, Marks.scanned: under the region's lock, once no write from before is under way.
Scan(r) ==
  /\ Machine({"scanning", "reopening"}) /\ ~lost /\ mark[r] = "unscanned" /\ Free(r)
  /\ WritesAreIn({"MARKING", "BOTH", "READ2"}) \/ ~is("scan-waits")
  /\ IF v1[r] = 0 /\ v2[r] = 0
     THEN mark' = [mark EXCEPT ![r] = "clean"] /\ file' = file \ {r}
     ELSE mark' = [mark EXCEPT ![r] = "copy"] /\ file' = file \cup {r}
  /\ UNCHANGED <<controllers, row, has1, has2, v1, v2, d1, d2, whole, verified, mig, mode, lost,
                 hosts, left, late, breach>>

\* Marks.scanComplete, then PreparedNow; or, after a takeover, Reopened: on from the record's phase.
Scanned ==
  /\ Machine({"scanning", "reopening"}) /\ ~lost
  /\ \A r \in Regions : mark[r] # "unscanned"
  /\ whole' = TRUE
  /\ IF mig = "scanning" THEN mig' = "prepared" /\ UNCHANGED mode
     ELSE /\ mig' = CASE row.step = "P2" -> "copy"
                      [] row.step = "P3" -> "verify"
                      [] row.step \in {"P4", "COMMIT"} -> "confirm"
                      [] OTHER -> "reopening"   \* canceled: it is told in a moment
          /\ mode' = CASE row.step \in {"P2", "P3"} -> "BOTH"
                       [] row.step \in {"P4", "COMMIT"} -> "READ2"
                       [] OTHER -> mode
  /\ UNCHANGED <<controllers, row, has1, has2, v1, v2, d1, d2, file, verified, lost, mark, hosts,
                 left, late, breach>>

\* RecordFollower.follow, Migration.aimAt: as far as the record is. ModeSwitch.set serves nothing
\* that mirrors once format 2 is lost.
Aim ==
  /\ \/ /\ Machine({"prepared"}) /\ row.step = "P2"
        /\ mig' = "copy" /\ mode' = IF lost THEN mode ELSE "BOTH"
     \/ /\ Machine({"copy"}) /\ row.step = "P3" /\ Copied
        /\ mig' = "verify" /\ UNCHANGED mode
     \/ /\ Machine({"verify"}) /\ row.step = "P4" /\ Copied /\ verified
        /\ mig' = "confirm" /\ mode' = IF lost THEN mode ELSE "READ2"
  /\ UNCHANGED <<lost, mark>>
  /\ OnlyMemory

\* Copier.copyLocked, Marks.copied: format 1 to format 2, never back; stays marked in the file.
Copy(r) ==
  /\ Machine({"copy", "verify", "confirm"}) /\ Mirrors /\ ~lost /\ row.state # "PAUSED"
  /\ mark[r] = "copy" /\ Free(r)
  /\ v2' = [v2 EXCEPT ![r] = v1[r]]
  /\ mark' = [mark EXCEPT ![r] = "intent"]
  /\ UNCHANGED <<controllers, row, has1, has2, v1, d1, d2, file, whole, verified, mig, mode, lost,
                 hosts, left, late, breach>>

\* Comparer.endPass, Marks.markVerified: a pass without a difference. That there is none is what
\* the invariant Same says.
Compared ==
  /\ Machine({"verify", "confirm"}) /\ ~lost /\ Copied /\ ~verified /\ row.state # "PAUSED"
  /\ verified' = TRUE
  /\ UNCHANGED <<controllers, row, has1, has2, v1, v2, d1, d2, file, whole, memory, hosts, left,
                 late, breach>>

\* Jobs.prove, Marks.clearProven: both formats synced, nothing under way there.
Prove(r) ==
  /\ Machine({"copy", "verify", "confirm"}) /\ ~lost /\ mark[r] = "intent"
  /\ Free(r) \/ ~is("marks-proven")
  /\ mark' = [mark EXCEPT ![r] = "clean"]
  /\ file' = file \ {r}
  /\ IF PowerCuts = 0 THEN UNCHANGED <<d1, d2>>
     ELSE d1' = [d1 EXCEPT ![r] = v1[r]] /\ d2' = [d2 EXCEPT ![r] = v2[r]]
  /\ UNCHANGED <<controllers, row, has1, has2, v1, v2, whole, verified, mig, mode, lost, hosts,
                 left, late, breach>>

\* Reconciler.commit, MigrationMachine.commitAsked, Jobs.hold: writes wait from here on.
Hold ==
  /\ Machine({"confirm"}) /\ mode = "READ2" /\ row.state = "RUNNING" /\ row.step = "COMMIT"
  /\ ~row.committed /\ Copied /\ verified /\ BothUp /\ Settled
  /\ mig' = "holding" /\ mode' = "HELD"
  /\ UNCHANGED <<lost, mark>>
  /\ OnlyMemory

\* Jobs.settle: the writes let in before have ended, both formats are synced.
Settles ==
  /\ Machine({"holding"}) /\ mode = "HELD" /\ ~lost
  /\ Copied /\ (WritesAreIn({}) \/ ~is("hold-waits"))
  /\ mig' = "deciding"
  /\ IF PowerCuts = 0 THEN UNCHANGED <<d1, d2>>
     ELSE d1' = v1 /\ d2' = IF is("commit-syncs") THEN v2 ELSE d2
  /\ UNCHANGED <<controllers, row, has1, has2, v1, v2, file, whole, verified, mode, lost, mark,
                 hosts, left, late, breach>>

\* MigrationMachine.holdFailed, ModeSwitch.release: writes under way do not end in time, or one
\* from before left a region to be copied.
HoldFails ==
  /\ Machine({"holding"}) /\ ~(WritesAreIn({}) /\ Copied)
  /\ mig' = "confirm" /\ mode' = IF mode # "HELD" THEN mode ELSE IF lost THEN "MARKING" ELSE "READ2"
  /\ UNCHANGED <<lost, mark>>
  /\ OnlyMemory

\* MigrationMachine.decided with REFUSED
Refused ==
  /\ mig' = IF lost THEN "losing" ELSE "confirm"
  /\ mode' = IF mode # "HELD" THEN mode ELSE IF lost THEN "MARKING" ELSE "READ2"
  /\ UNCHANGED <<lost, mark>>

\* Jobs.decide: the conditions once more; then the record is asked.
Decide ==
  /\ Machine({"deciding"})
  /\ IF mode = "HELD" /\ ~lost THEN mig' = "asking" /\ UNCHANGED <<mode, lost, mark>> ELSE Refused
  /\ OnlyMemory

\* UpgradeThread.recordCommit, UpgradeMachine.committed: the point of no return.
Commit(c) ==
  /\ Machine({"asking"}) /\ Serves(c) /\ Acts(c)
  /\ IF \/ row.state = "RUNNING" /\ row.step = "COMMIT" /\ ~row.canceled
        \/ ~is("commit-asks-cancel")
     THEN /\ Record(c, [row EXCEPT !.committed = TRUE,
                          !.allowed = IF is("commit-narrows") THEN {"new"} ELSE @])
          /\ mig' = "answered"
          /\ UNCHANGED <<mode, lost, mark>>
     ELSE Refused /\ UNCHANGED <<row, breach>>
  /\ UNCHANGED <<controllers, disks, hosts, left, late>>

\* MigrationMachine.decided with COMMITTED: Serve(V2). Held writes go on in format 2.
ServeTwo ==
  /\ Machine({"answered"})
  /\ mig' = "committed" /\ mode' = "V2"
  /\ UNCHANGED <<lost, mark>>
  /\ OnlyMemory

\* Jobs.free; PoolStorage.open after a takeover.
FreeOne ==
  /\ has1
  /\ \/ Machine({"committed"}) /\ AllAreIn({"V2"})
     \/ Machine({"asking"}) /\ ~is("free-after-commit")
  /\ has1' = FALSE
  /\ UNCHANGED <<controllers, row, has2, v1, v2, d1, d2, file, whole, verified, memory, hosts, left,
                 late, breach>>

\* RecordFollower.follow, Migration.cancel: the cancel is on record. Hosts are served from format 1.
FollowCancel ==
  /\ NewServes /\ row.canceled
  /\ mig \notin {"canceled", "answered", "committed"}
  /\ mig' = "canceled" /\ mode' = "V1"
  /\ UNCHANGED <<lost, mark>>
  /\ OnlyMemory

\* Jobs.drop, PoolFormatTwo.drop, LiveEnclosure.dropFormatTwo: renamed away, once nobody uses it.
DropTwo ==
  /\ has2
  /\ \/ /\ Machine({"canceled", "lost"}) /\ AllAreIn({"V1"})
        /\ mig' = IF mig = "lost" THEN "lostDropped" ELSE mig
     \/ \* Leftovers.follow: what 1.2.2 does about it.
        /\ \E c \in Controllers : Serves(c) /\ run[c] = "old"
        /\ row.canceled /\ UNCHANGED mig
     \/ /\ Machine({"losing"}) /\ ~is("drop-after-record") /\ UNCHANGED mig
  /\ has2' = FALSE /\ v2' = [r \in Regions |-> 0] /\ d2' = [r \in Regions |-> 0]
  /\ file' = {} /\ whole' = FALSE /\ verified' = FALSE
  /\ mark' = [r \in Regions |-> "unscanned"] /\ lost' = FALSE
  /\ UNCHANGED <<controllers, row, has1, v1, d1, mode, hosts, left, late, breach>>

\* FormatTwoGuard.lose, ModeSwitch.lost: a failure of format 2 of whatever kind. Mirroring stops at
\* once; a hold stays, for the record may have been asked.
Lose ==
  /\ Machine({"scanning", "prepared", "reopening", "copy", "verify", "confirm", "holding",
              "deciding", "asking"})
  /\ ~lost /\ left.losses > 0
  /\ left' = [left EXCEPT !.losses = @ - 1]
  /\ lost' = TRUE
  /\ mode' = IF Mirrors THEN "MARKING" ELSE mode
  /\ UNCHANGED <<mig, mark, controllers, row, disks, hosts, late, breach>>

\* MigrationMachine.lose: the machine hears of it. Until it is on record, writes leave marks.
HearLoss ==
  /\ lost
  /\ Machine({"scanning", "prepared", "reopening", "copy", "verify", "confirm", "holding"})
  /\ mig' = "losing" /\ mode' = IF is("loss-marks") THEN "MARKING" ELSE "V1"
  /\ UNCHANGED <<lost, mark>>
  /\ OnlyMemory

\* Migration.record, UpgradeThread.recordLoss, UpgradeMachine.formatTwoInvalid; then LossRecorded.
RecordLoss(c) ==
  /\ Machine({"losing"}) /\ Serves(c) /\ Acts(c)
  /\ IF Under(row) /\ row.step \in Phases /\ ~row.committed
     THEN Record(c, IF row.step = "P1" THEN Back(row)
                    ELSE [row EXCEPT !.invalid = TRUE, !.state = "PAUSED"])
     ELSE UNCHANGED <<row, breach>>
  /\ mig' = "lost" /\ mode' = "V1"
  /\ UNCHANGED <<lost, mark, controllers, disks, hosts, left, late>>

-------------------------------------------------------------------------------
(* Hosts: MirroredVolume. One write at a time in a region; any may be torn by  *)
(* a crash between its two halves.                                             *)

\* ModeSwitch.enterWrite: an operation takes its mode once. Plain formats know no locks.
Begin(r) ==
  /\ \E c \in Controllers : Serves(c)
  /\ wr[r] = NoWrite /\ left.writes > 0 /\ mode # "HELD"
  /\ left' = [left EXCEPT !.writes = @ - 1]
  /\ wr' = [wr EXCEPT ![r] =
       [pc |-> IF mode \in {"V1", "V2"} THEN "locked" ELSE "let in", mode |-> mode,
        kind |-> IF mode = "V1" THEN "raw" ELSE IF mode = "V2" THEN "second" ELSE "-",
        ver |-> Max(v1[r], v2[r]) + 1, one |-> FALSE, two |-> FALSE]]
  /\ UNCHANGED <<controllers, row, disks, memory, rd, ack, seen, flushed, late, breach>>

\* MirroredVolume.changePiece, .changeLocked: the lock, the look at the marks, and the mark that
\* comes before the data.
Lock(r) ==
  /\ wr[r].pc = "let in"
  /\ LET both == wr[r].mode # "MARKING" /\ mark[r] \notin {"copy", "unscanned"}
         marks == /\ mark[r] \notin {"copy", "unscanned"}
                  /\ is("mark-first") \/ ~both
     IN
     /\ wr' = [wr EXCEPT ![r].pc = "locked", ![r].kind = IF both THEN "both" ELSE "first"]
     /\ mark' = IF marks THEN [mark EXCEPT ![r] = IF both THEN "intent" ELSE "copy"] ELSE mark
     /\ file' = IF marks THEN file \cup {r} ELSE file
  /\ UNCHANGED <<controllers, row, has1, has2, v1, v2, d1, d2, whole, verified, mig, mode, lost, rd,
                 ack, seen, flushed, left, late, breach>>

PutOne(r) ==
  /\ wr[r].pc = "locked" /\ wr[r].kind \in {"raw", "first", "both"} /\ ~wr[r].one
  /\ v1' = [v1 EXCEPT ![r] = wr[r].ver]
  /\ wr' = [wr EXCEPT ![r].one = TRUE]
  /\ UNCHANGED <<controllers, row, has1, has2, v2, d1, d2, file, whole, verified, memory, rd, ack,
                 seen, flushed, left, late, breach>>

\* MirroredVolume.changeBoth: in parallel with format 1. A call that stalled, or came after the
\* loss, may land or not.
PutTwo(r) ==
  /\ wr[r].pc = "locked" /\ wr[r].kind \in {"second", "both"} /\ ~wr[r].two
  /\ v2' = [v2 EXCEPT ![r] = wr[r].ver]
  /\ wr' = [wr EXCEPT ![r].two = TRUE]
  /\ UNCHANGED <<controllers, row, has1, has2, v1, d1, d2, file, whole, verified, memory, rd, ack,
                 seen, flushed, left, late, breach>>

\* Acknowledged after both; if format 2 failed, after the mark that says so.
Ack(r) ==
  /\ wr[r].pc = "locked"
  /\ wr[r].one \/ wr[r].kind = "second"
  /\ wr[r].two \/ wr[r].kind \in {"raw", "first"} \/ (wr[r].kind = "both" /\ lost)
  /\ LET failed == wr[r].kind = "both" /\ ~wr[r].two
         clean == mark[r] = "clean" /\ wr[r].kind = "both"
     IN
     /\ mark' = IF failed THEN [mark EXCEPT ![r] = "copy"]
                ELSE IF clean THEN [mark EXCEPT ![r] = "intent"] ELSE mark
     /\ file' = IF failed \/ clean THEN file \cup {r} ELSE file
  /\ ack' = [ack EXCEPT ![r] = wr[r].ver]
  /\ seen' = [seen EXCEPT ![r] = Max(@, wr[r].ver)]
  /\ wr' = [wr EXCEPT ![r] = NoWrite]
  /\ UNCHANGED <<controllers, row, has1, has2, v1, v2, d1, d2, whole, verified, mig, mode, lost, rd,
                 flushed, left, late, breach>>

\* MirroredVolume.flush: format 1 until the commit.
Flush(r) ==
  /\ PowerCuts > 0
  /\ \E c \in Controllers : Serves(c)
  /\ IF mode = "V2" THEN d2' = [d2 EXCEPT ![r] = v2[r]] /\ UNCHANGED d1
     ELSE d1' = [d1 EXCEPT ![r] = v1[r]] /\ UNCHANGED d2
  /\ flushed' = [flushed EXCEPT ![r] = ack[r]]
  /\ UNCHANGED <<controllers, row, has1, has2, v1, v2, file, whole, verified, memory, wr, rd, ack,
                 seen, left, late, breach>>

\* MirroredVolume.read: takes its mode once too.
BeginRead(r) ==
  /\ Reads /\ rd = NoRead
  /\ \E c \in Controllers : Serves(c)
  /\ rd' = [at |-> r, mode |-> mode, floor |-> seen[r]]
  /\ UNCHANGED <<controllers, row, disks, memory, wr, ack, seen, flushed, left, late, breach>>

\* From where a read in that mode takes its data. MirroredVolume.readPiece: format 2 under the
\* lock and by the marks.
Source(r, m) ==
  CASE m \in {"V1", "MARKING", "BOTH"} -> v1[r]
    [] m \in {"READ2", "HELD"} ->
         IF lost \/ mark[r] \in {"copy", "unscanned"} THEN v1[r] ELSE v2[r]
    [] m = "V2" -> v2[r]

EndRead(r) ==
  /\ rd.at = r
  /\ rd.mode \notin {"READ2", "HELD"} \/ Free(r) \/ ~is("read-locks")
  /\ seen' = [seen EXCEPT ![r] = Max(@, Source(r, rd.mode))]
  /\ rd' = NoRead
  /\ UNCHANGED <<controllers, row, disks, memory, wr, ack, flushed, left, late, breach>>

-------------------------------------------------------------------------------
Upgrades(c) ==
  \/ Rolling(c) \/ PhaseDone(c) \/ Settle(c) \/ Finish(c) \/ StepFails(c) \/ TakenBack(c)
  \/ Resume(c) \/ MadeAnew(c) \/ Undo(c) \/ Commit(c) \/ RecordLoss(c)

Migration ==
  \/ Make \/ Scanned \/ Aim \/ Compared \/ Hold \/ Settles \/ HoldFails \/ Decide \/ ServeTwo
  \/ FreeOne \/ FollowCancel \/ DropTwo \/ HearLoss
  \/ \E r \in Regions : Scan(r) \/ Copy(r)

Host(r) == Lock(r) \/ PutOne(r) \/ PutTwo(r) \/ Ack(r) \/ EndRead(r)

Next ==
  \/ \E c \in Controllers :
       \/ Boot(c) \/ OddBoot(c) \/ Kill(c) \/ Slip(c) \/ Fenced(c) \/ TakeOver(c) \/ Open(c)
       \/ Upgrades(c) \/ Cancel(c) \/ Pause(c)
  \/ PowerCut \/ LandsLate \/ Lose \/ Migration
  \/ \E r \in Regions : Host(r) \/ Prove(r) \/ Begin(r) \/ Flush(r) \/ BeginRead(r)

Spec == Init /\ [][Next]_vars

\* What goes on by itself. A pause is ended by a person (Resume); a cancel, a crash, a host's wish
\* never has to come.
Fair ==
  /\ \A c \in Controllers : WF_vars(Boot(c)) /\ WF_vars(TakeOver(c)) /\ WF_vars(Open(c))
  /\ \A c \in Controllers : WF_vars(Fenced(c)) /\ WF_vars(Upgrades(c))
  /\ WF_vars(Migration)
  /\ \A r \in Regions : WF_vars(Host(r))

FairSpec == Spec /\ Fair

-------------------------------------------------------------------------------
(* What must hold.                                                             *)

Symmetry == Permutations(Regions)

Ends == <>(row.state \in {"COMPLETED", "CANCELED"})

\* At most one controller has the stores open, and it has the lease.
OneServes ==
  Slips = 0 => \A c \in Controllers : proc[c] \in {"opening", "active"} => lease = c

\* A controller with an old epoch writes nothing to the record.
Fencing == ~breach

\* Nobody serves whose release is not allowed, nor a format it cannot read.
Allowed ==
  \A c \in Controllers : Serves(c) =>
    /\ run[c] \in row.allowed
    /\ run[c] = "old" => ~row.committed
    /\ mode = "V2" => row.committed

\* Committed and canceled exclude each other, and say how the upgrade ended.
OneOutcome ==
  /\ ~(row.canceled /\ row.committed)
  /\ row.state = "CANCELED" => row.canceled
  /\ row.state = "COMPLETED" => ~row.canceled /\ (Migrates => row.committed)

\* I1: until committed, what was acknowledged is in format 1; what was flushed, even after a loss
\* of power (which makes what was flushed the last that was acknowledged).
I1 == ~row.committed => has1 /\ \A r \in Regions : v1[r] >= ack[r] /\ v1[r] >= seen[r]

\* From then on it can be read from format 2.
AfterCommit == row.committed => has2 /\ \A r \in Regions : v2[r] >= ack[r] /\ v2[r] >= seen[r]

\* I2: what can be read from format 2 is what format 1 holds.
I2 ==
  \A r \in Regions :
    /\ mode \in {"READ2", "HELD"} /\ ~lost /\ ~row.committed
    /\ mark[r] \in {"clean", "intent"}
    /\ Free(r) \/ ~is("read-locks")
    => v2[r] = v1[r]

\* A read never goes back behind what any host was told before it began.
ReadsNeverGoBack ==
  \A r \in Regions :
    rd.at = r /\ (rd.mode \notin {"READ2", "HELD"} \/ Free(r) \/ ~is("read-locks"))
      => Source(r, rd.mode) >= rd.floor

\* I3: whenever a later process may use format 2, each region that differs is marked in the file.
I3 ==
  ( /\ Under(row) /\ row.step \in BothFormats
    /\ ~row.canceled /\ ~row.committed /\ ~row.invalid )
  => /\ has2
     /\ whole => \A r \in Regions : v1[r] # v2[r] => r \in file

\* What both hold where the marks in memory say so, once nobody writes there.
Same ==
  /\ Machine({"copy", "verify", "confirm", "holding", "deciding", "asking"}) /\ ~lost
  => \A r \in Regions : mark[r] \in {"clean", "intent"} /\ Free(r) => v1[r] = v2[r]

\* Once decided, it stays decided.
DecidedOnce == [][ /\ row.committed => row'.committed
                   /\ row.canceled => row'.canceled ]_vars

\* Format 2 goes, or is made anew, only when the record says it does not count; format 1 only when
\* the record says that format 2 counts.
GoesOnlyIfVoid ==
  [][ /\ has2 /\ (~has2' \/ (mig' = "scanning" /\ mig # "scanning"))
           => row.canceled \/ row.invalid \/ row.step = "P1"
      /\ has1 /\ ~has1' => row.committed ]_vars

TypeOK ==
  /\ proc \in [Controllers -> {"off", "standby", "opening", "active"}]
  /\ run \in [Controllers -> {"old", "new", "-"}]
  /\ boot \in [Controllers -> {"old", "new"}]
  /\ lease \in Controllers \cup {Nobody}
  /\ row.state \in {"RUNNING", "PAUSED", "CANCELING", "COMPLETED", "CANCELED"}
  /\ mode \in {"V1", "MARKING", "BOTH", "READ2", "HELD", "V2"}
  /\ mig \in {"off", "scanning", "prepared", "reopening", "copy", "verify", "confirm", "holding",
              "deciding", "asking", "answered", "committed", "canceled", "losing", "lost",
              "lostDropped"}
  /\ file \subseteq Regions
  /\ row.state \in {"COMPLETED", "CANCELED"} <=> row.step = "-"
=============================================================================
