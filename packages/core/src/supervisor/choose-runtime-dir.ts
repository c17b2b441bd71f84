/** The folder that holds the folders of a user's instances. */
export interface RuntimeDir {
  readonly path: string
  /**
   * `ours`: made by Ekiben at a place that others know in advance, so it must belong to this user alone.
   * `given`: named by the user or the system, and theirs to make, as long as no other user can write to it.
   */
  readonly kind: 'ours' | 'given'
}

export interface RuntimeDirContext {
  readonly env: Readonly<Record<string, string | undefined>>
  readonly uid: number
  /** Some shells and containers pass on a variable whose folder is gone, or never was. */
  readonly xdgExists: boolean
}

/** EKIBEN_RUNTIME_DIR, else RUNTIME_DIRECTORY, else XDG_RUNTIME_DIR/ekiben, else a folder of ours in the temporary one. */
export function chooseRuntimeDir({ env, uid, xdgExists }: RuntimeDirContext): RuntimeDir {
  if (env.EKIBEN_RUNTIME_DIR) return { path: env.EKIBEN_RUNTIME_DIR, kind: 'given' }
  // systemd lists several, with colons between them, for a unit that asks for several.
  const systemd = env.RUNTIME_DIRECTORY?.split(':')[0]
  if (systemd) return { path: systemd, kind: 'given' }
  if (env.XDG_RUNTIME_DIR && xdgExists) return { path: `${env.XDG_RUNTIME_DIR}/ekiben`, kind: 'ours' }
  const temporary = env.TMPDIR || env.TMP || env.TEMP || '/tmp'
  return { path: `${temporary.replace(/(?<=.)\/+$/, '')}/ekiben-${uid}`, kind: 'ours' }
}

/** What the file system says of a runtime folder. */
export interface FolderFacts {
  /** Whose symbolic link stands at the path; undefined: none. */
  readonly linkUid: number | undefined
  readonly isDirectory: boolean
  readonly uid: number
  readonly mode: number
}

/** Why a runtime folder cannot be trusted with our sockets; undefined: it can. */
export function refuseRuntimeDir(dir: RuntimeDir, facts: FolderFacts, uid: number): string | undefined {
  return dir.kind === 'ours' ? refuseOurs(facts, uid) : refuseGiven(facts, uid)
}

function refuseOurs(facts: FolderFacts, uid: number): string | undefined {
  if (facts.linkUid !== undefined) return 'it is a symbolic link'
  if (!facts.isDirectory) return 'it is not a folder'
  if (facts.uid !== uid) return `it belongs to user id ${facts.uid}, not to ${uid}`
  // Where workers run as another user, they pass through it: 0711.
  return (facts.mode & 0o766) === 0o700 ? undefined : `its mode is ${octal(facts.mode)}, not 0700`
}

function refuseGiven({ linkUid, isDirectory, uid: owner, mode }: FolderFacts, uid: number): string | undefined {
  const trusted = (id: number): boolean => id === uid || id === 0
  // systemd and macOS reach such folders over links of root.
  if (linkUid !== undefined && !trusted(linkUid)) return `it is a symbolic link of user id ${linkUid}`
  if (!isDirectory) return 'it is not a folder'
  if (!trusted(owner)) return `it belongs to user id ${owner}, not to ${uid} or root`
  // In a sticky folder others can add files, but neither rename nor remove ours.
  const open = (mode & 0o002) !== 0 && (mode & 0o1000) === 0
  return open ? `everybody can write to it (mode ${octal(mode)})` : undefined
}

function octal(mode: number): string {
  return `0${(mode & 0o7777).toString(8)}`
}
