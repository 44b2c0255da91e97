/** Guest: timers that outlive a hanging script and a reboot, as systemd keeps them. Plain `sh`. Pure. */

/** Sets `$muster_root`: it is empty on a real machine, and a directory of their own in tests. */
export const SET_ROOT = `muster_root="\${MUSTER_ROOT:-}"`

/** Whether systemd runs here, as a condition of `if`. `$muster_root` must be set. */
export const HAS_SYSTEMD = `[ -d "$muster_root/run/systemd/system" ]`

/** Sets `$muster_units`, the folder of systemd's units. `$muster_root` must be set. */
export const SET_UNITS = `muster_units="$muster_root/etc/systemd/system"`

export interface Timer {
  /** The name of both units, without their endings. */
  readonly name: string
  /** What the service does, for those who list the units. */
  readonly serviceIs: string
  /** What the timer is, for those who list the units. */
  readonly timerIs: string
  /** The lines of the section `[Service]`. The shell expands what they name. */
  readonly service: readonly string[]
  /** The lines of the section `[Timer]` that say when. The shell expands what they name. */
  readonly when: readonly string[]
}

/**
 * Writes a timer and its service, and starts the timer. The folder `$muster_units` must be there.
 *
 * @returns lines of shell without indentation: here-documents end at the start of a line.
 */
export function timerLines({ name, serviceIs, timerIs, service, when }: Timer): readonly string[] {
  return [
    `cat > "$muster_units/${name}.service" <<UNIT`,
    ...["[Unit]", `Description=${serviceIs}`, "[Service]", ...service],
    "UNIT",
    `cat > "$muster_units/${name}.timer" <<UNIT`,
    ...["[Unit]", `Description=${timerIs}`, "[Timer]", ...when, "AccuracySec=1s"],
    ...["[Install]", "WantedBy=timers.target"],
    "UNIT",
    "systemctl daemon-reload",
    `systemctl enable ${name}.timer`,
    `systemctl start ${name}.timer`,
  ]
}

/** A command that goes on when the script that started it has ended. */
export function detached(command: string): string {
  return `(trap '' HUP; ${command}) >/dev/null 2>&1 &`
}

export interface Deadline {
  /** What the end is, for those who list the units: "End this instance at its cluster's deadline". */
  readonly serviceIs: string
  /** The lines of the section `[Service]`. */
  readonly service: readonly string[]
  /** What ends the instance at once: the deadline is over when the instance boots. */
  readonly now: string
  /** What ends the instance, in a shell that has slept until the deadline. */
  readonly end: string
}

/**
 * Ends the instance at `$MUSTER_DEADLINE`, in seconds since 1970. The deadline must hold when the user's script hangs and after
 * a reboot, so it is a timer on the wall clock that systemd keeps on disk; without systemd a sleeping shell has to do.
 * `$muster_root` must be set.
 */
export function deadlineLines({ serviceIs, service, now, end }: Deadline): readonly string[] {
  const timer = { name: "muster-deadline", serviceIs, timerIs: "The cluster's deadline", service }
  return [
    "muster_left=$((MUSTER_DEADLINE - $(date +%s)))",
    'if [ "$muster_left" -le 0 ]; then',
    `  ${now}`,
    `elif ${HAS_SYSTEMD}; then`,
    SET_UNITS,
    'mkdir -p "$muster_units"',
    ...timerLines({ ...timer, when: ["OnCalendar=@$MUSTER_DEADLINE", "Persistent=true"] }),
    // A timer whose moment has passed when it starts for the first time never ends: systemd counts from its start.
    '  if [ "$(date +%s)" -ge "$MUSTER_DEADLINE" ]; then',
    `    ${now}`,
    "  fi",
    "else",
    `  ${detached(`sleep "$muster_left"; ${end}`)}`,
    "fi",
  ]
}
