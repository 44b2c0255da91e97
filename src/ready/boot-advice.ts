/**
 * Boot advice: what shortens each part of a boot. Pure.
 *
 * Sources, by their letters in the table:
 *
 * - a  SkyPilot measured its stock image against one with all installed: AWS 2:44 → 1:13, GCP 1:45 → 1:10, Azure 4:00 → 2:00 min
 *      (skypilot-org/skypilot, pull requests 4091, 4027, 4167)
 * - b  Amazon EBS, "Initialize Amazon EBS volumes": blocks of a volume made from a snapshot are loaded at first touch; a provisioned rate
 *      of 100 to 300 MiB/s loads them before. Without one a baked image of 15 GB took over 10 min
 *      (bottlerocket-os/bottlerocket, issue 5163; aws-samples/bottlerocket-images-cache, issue 13)
 * - c  Docker, "Docker Hub pull usage and limits": pulls without an account are limited by address
 * - d  Six reports of boots that wait for the lock of dpkg, which an image's own updates hold (skypilot-org/skypilot, issues 145, 153, 553,
 *      629, 1341, 4237)
 * - e  Google, "Troubleshooting using the serial console", and Amazon EC2, "Instance console output": both are published late
 */

interface Advice {
  /** What it is, where its name does not say it. */
  readonly what?: string
  /** How to shorten it. */
  readonly how: string
}

const BY_PHASE: Readonly<Record<string, Advice>> = {
  request: {
    what: "the cloud's answer to launch calls",
    how: "ask for fewer at a time, for more zones or instance types, or for a higher rate of requests",
  },
  machine: {
    what: "the cloud's start of instances",
    how: "use other instance types (bare metal and GPUs start slowest), other zones, or a boot disk that is not encrypted with a key of your own",
  },
  // a, b
  system: {
    what: "the image's own boot",
    how: "use a leaner image, or one of your own in which nothing updates itself at boot; where it is large and from a snapshot, a boot disk that is loaded faster or is bigger",
  },
  identity: {
    what: "what the cloud tells an instance of itself",
    how: "see that nothing in the image holds up its network",
  },
  deadline: { how: "use an image whose systemd is up sooner" },
  lease: { how: "use an image whose systemd is up sooner" },
  // d
  limits: { how: "use an image in which nothing updates itself at boot" },
  access: { what: "the user and the host keys", how: "use an image that has them, or a type with more CPU" },
  scratch: { what: "its own disks", how: "use a type with fewer of them, or leave scratch out" },
  environment: { how: "use a larger type, or a faster boot disk" },
  files: {
    how: "send less (ignore), put what seldom changes into an image of your own, or have workers fetch it from a bucket in their region",
  },
  secrets: { how: "shorten the commands that find them, or see why workers were not reached sooner" },
  // a, c
  container: {
    what: "fetching the container's image",
    how: "use a smaller one, a registry nearer by with an account of yours (pulls without one are limited), or a machine image that has it already",
  },
  // a, d
  setup: {
    how: "put what it installs into an image of your own, which has halved whole boots; or install fewer packages, from a mirror nearer by",
  },
  startup: {
    how: "do less before the check can pass, or put what it installs and downloads into an image of your own",
  },
  ready: {
    what: "the wait for the check to pass",
    how: "have startup do less before it answers (start what is checked first, fetch data later), or check something that is true sooner",
  },
  join: {
    what: "the wait until the head of the engine has taken the worker, or answers itself",
    how: "use an image that has what the engine needs, and see what the worker says there (muster logs); with a check (ready) the parts before it are known too",
  },
  // e
  told: {
    what: "the wait until the owner heard of it",
    how: "give access, over which a change is known within two seconds (consoles are published late); where there is some, see why workers could not be reached sooner: explain() says it",
  },
}

const OTHER: Advice = { how: "do less in it, or put what it does into an image of your own" }

/** What shortens a part of a boot. */
export function adviceOf(phase: string): Advice {
  return Object.hasOwn(BY_PHASE, phase) ? (BY_PHASE[phase] ?? OTHER) : OTHER
}
