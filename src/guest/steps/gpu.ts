/**
 * GPU: whether the GPUs of a machine are there and whole, as NVIDIA's driver tells it. Plain `sh`. Pure.
 *
 * Sources: the manual page of nvidia-smi ("RETURN VALUE", "GPU ATTRIBUTES"); the codes of NVML in nvml.h, which it ends with; NVIDIA's
 * catalogue "XID Errors". A link's width "may be reduced when the GPU is not in use", and differs by machine: it is compared with that of
 * the machine's other GPUs alone.
 */
import { compact, word } from "../text.js"

const FIELDS = [
  ...["index", "uuid", "name", "driver_version", "memory.total"],
  ...["ecc.errors.uncorrected.volatile.total", "pcie.link.width.current"],
]

/** What nvidia-smi ends with, and what to do. */
export const SMI_CODES: Readonly<Record<number, string>> = {
  2: "the driver is too old for what is asked of it: use an image with a newer one",
  4: "this user may not ask the driver: let it use /dev/nvidia*",
  6: "a GPU was not found: the machine is broken, use another one",
  8: "a GPU has no power from its cables: the machine is broken, use another one",
  9: "the driver is not loaded: use an image whose driver was built for its kernel, or wait in setup until it is loaded",
  10: "the kernel has trouble with the interrupts of a GPU: restart the machine, or use another one",
  12: "the driver's library (libnvidia-ml.so) is missing: install the driver whole, or give the container the GPUs",
  14: "the infoROM of a GPU is damaged: the machine is broken, use another one",
  15: "a GPU has fallen off the bus: the machine is broken, use another one",
  16: "a GPU must be reset before it can be used: restart the machine, or use another one",
  18: "the driver in the kernel and its library are of different versions: restart after an update, or use an image that does not update itself",
}

/** XIDs that tell of the machine; others are of a program that ran there, and no fault of its. */
export const XIDS: Readonly<Record<number, string>> = {
  48: "memory error that could not be corrected",
  62: "halt of a GPU's own controller",
  64: "row of memory that could not be replaced",
  74: "error of NVLink",
  79: "GPU that has fallen off the bus",
  95: "memory error that was not contained",
  119: "GPU that does not answer its driver (GSP)",
  120: "error of a GPU's own processor (GSP)",
  140: "memory error that could not be corrected",
}

/** For so long the small kernel may take, its libraries included: the try as a whole has 30 s. */
const KERNEL_S = 20

/** Of two matrices of ones each element of the product is their size. */
const KERNEL = `import sys
n = 512
try:
  import torch as t
  count = t.cuda.device_count()
  of = "torch"
  def run(d):
    a = t.ones((n, n), device="cuda:%d" % d)
    return float((a @ a).sum().item())
except Exception:
  try:
    import cupy as c
    count = c.cuda.runtime.getDeviceCount()
    of = "cupy"
    def run(d):
      with c.cuda.Device(d):
        a = c.ones((n, n), dtype=c.float32)
        return float((a @ a).sum())
  except Exception:
    print("- python3 has neither torch nor cupy")
    sys.exit(0)
if count == 0:
  print("- %s sees no GPU" % of)
  sys.exit(0)
print("+ %s" % of, flush=True)
for d in range(count):
  try:
    found = run(d)
  except Exception as error:
    text = (str(error).splitlines() or [""])[0]
    if "out of memory" in text or "busy or unavailable" in text:
      print("- GPU %d is in use" % d)
      continue
    print("! GPU %d: a small kernel failed: %s; use another machine, or an image whose driver fits its libraries" % (d, text))
    continue
  if found != float(n) ** 3:
    print("! GPU %d: a small kernel came to a wrong result (%r): the machine is broken, use another one" % (d, found))
`

/**
 * `muster_has_gpus COUNT [kernel]` says what is wrong, a line each, with what to do, and ends with 1; or with nvidia-smi's own code where
 * that fails. With `kernel` a small one runs on each where python3 has torch or cupy; where it has not, it is left out. What was found is
 * in the file `gpu`, and, once it changes, on the console.
 */
export const GPU_FUNCTIONS = [
  compact(`
    muster_gpu_words() {
      case $1 in
        ${Object.entries(SMI_CODES)
          .map(([code, words]) => `${code}) echo ${word(words)} ;;`)
          .join("\n")}
        *) echo 'nvidia-smi fails: its words are above; restart the machine, or use another one' ;;
      esac
    }
    muster_gpu_widest() {
      muster_gpu_most=0
      while IFS=, read -r muster_gpu_index muster_gpu_rest; do
        muster_gpu_width=\${muster_gpu_rest##*, }
        case $muster_gpu_width in '' | *[!0-9]*) continue ;; esac
        [ "$muster_gpu_width" -le "$muster_gpu_most" ] || muster_gpu_most=$muster_gpu_width
      done
      echo "$muster_gpu_most"
    }
    muster_gpu_rows() {
      muster_gpu_count=0
      while IFS=, read -r muster_gpu_index muster_gpu_uuid muster_gpu_name muster_gpu_driver muster_gpu_memory muster_gpu_errors muster_gpu_width; do
        case $muster_gpu_index in '' | *[!0-9]*) continue ;; esac
        case "$muster_gpu_name$muster_gpu_driver$muster_gpu_memory$muster_gpu_errors$muster_gpu_width" in
          *lost* | *'requires reset'* | *'Unknown Error'*)
            echo "GPU $muster_gpu_index does not answer the driver:$muster_gpu_name,$muster_gpu_memory: the machine is broken, use another one"
            continue
            ;;
        esac
        muster_gpu_count=$((muster_gpu_count + 1))
        muster_gpu_errors=\${muster_gpu_errors# }
        muster_gpu_width=\${muster_gpu_width# }
        case $muster_gpu_errors in
          '' | 0 | *[!0-9]*) ;;
          *) echo "GPU $muster_gpu_index has $muster_gpu_errors memory errors that could not be corrected since its driver was loaded: no result of it can be trusted, use another machine" ;;
        esac
        case $muster_gpu_width in '' | *[!0-9]*) continue ;; esac
        [ "$muster_gpu_width" -ge "$2" ] ||
        echo "GPU $muster_gpu_index has a link of x$muster_gpu_width, and others of this machine have x$2: data reaches it slowly, use another machine"
      done
      [ "$muster_gpu_count" -ge "$1" ] ||
      echo "the driver names $muster_gpu_count of $1 GPUs that answer: use another machine, or correct gpu.count where the type has fewer"
    }
    muster_gpu_log() {
      dmesg 2>/dev/null | sed -n 's/.*NVRM: Xid (\\([^)]*\\)): \\([0-9]*\\).*/\\2 \\1/p' | while read -r muster_xid muster_gpu_at; do
        case $muster_xid in
          ${Object.entries(XIDS)
            .map(([xid, words]) => `${xid}) muster_gpu_what=${word(words)} ;;`)
            .join("\n")}
          *) continue ;;
        esac
        echo "XID $muster_xid ($muster_gpu_at), $muster_gpu_what: the machine is broken, use another one"
      done
    }
    muster_gpu_kernel() {
      command -v python3 >/dev/null || {
        echo '- there is no python3'
        return
      }
      muster_gpu_ran=$(muster_gpu_python)
      muster_gpu_code=$?
      printf '%s\\n' "$muster_gpu_ran"
      case "$muster_gpu_code $muster_gpu_ran" in
        '0 '*) ;;
        '124 +'* | '137 +'*) echo '! a small kernel did not end: a GPU hangs, use another machine' ;;
        '124 '* | '137 '*) echo '- its libraries took too long to load' ;;
        *) echo "- python3 ended with exit code $muster_gpu_code" ;;
      esac
    }
    muster_has_gpus() {
      command -v nvidia-smi >/dev/null || {
        echo 'muster: a gpu check needs nvidia-smi on the machine: use an image with the driver' >&2
        return 127
      }
      muster_gpus=$(nvidia-smi --query-gpu=${FIELDS.join(",")} --format=csv,noheader,nounits 2>&1) || {
        muster_gpu_code=$?
        printf '%s\\n' "$muster_gpus" | tail -n 5
        muster_gpu_words "$muster_gpu_code"
        return "$muster_gpu_code"
      } >&2
      muster_gpu_most=$(printf '%s\\n' "$muster_gpus" | muster_gpu_widest)
      muster_gpu_bad=$(
        printf '%s\\n' "$muster_gpus" | muster_gpu_rows "$1" "$muster_gpu_most"
        muster_gpu_log | sort -u
      )
      muster_gpu_did=
      if [ -z "$muster_gpu_bad" ] && [ "\${2:-}" = kernel ]; then
        muster_gpu_did=$(muster_gpu_kernel)
        muster_gpu_bad=$(printf '%s\\n' "$muster_gpu_did" | sed -n 's/^! //p')
      fi
      printf '%s\\n' "$muster_gpus"
      muster_gpu_note=$(printf '%s\\n' "$muster_gpu_did" | sed -n -e 's/^+ /a small kernel ran by /p' -e 's/^- /no kernel was run: /p')
      [ -z "$muster_gpu_note" ] || printf '%s\\n' "$muster_gpu_note"
      [ -z "$muster_gpu_bad" ] || {
        printf '%s\\n' "$muster_gpu_bad" >&2
        return 1
      }
      muster_gpu_tell
    }
    muster_gpu_tell() {
      muster_gpu_now=$(printf '%s\\n' "$muster_gpus" "$muster_gpu_note")
      [ "\${muster_gpu_note:-}" != '' ] || return 0
      [ "$(cat "$muster_home/gpu" 2>/dev/null)" != "$muster_gpu_now" ] || return 0
      printf '%s\\n' "$muster_gpu_now" >"$muster_home/gpu"
      muster_find_consoles
      muster_say "\${muster_prefix}gpu| $muster_gpu_note"
    }`),
  "muster_gpu_python() {",
  `set -- python3 -c ${word(KERNEL)}`,
  `! command -v timeout >/dev/null || set -- timeout -k 1 ${KERNEL_S} "$@"`,
  '"$@" 2>/dev/null </dev/null',
  "}",
].join("\n")
