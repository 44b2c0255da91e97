/**
 * Harmless words: of the names of fields, of values and of messages that the clouds' APIs are made of, and of our own sentences. Data.
 * What a user has named is not here, but where it is one of these words itself.
 */
const WORDS = `
aaaa aai abandon abandoned abandoning abcdef able abort aborted aborts about above abs absent absolute accelerated
acceleration accelerator accelerators accept acceptable acceptance accepted accepter accepting accepts access
accessibility accessor account accounts acknowledged acknowledgement acknowledment acl acls acquire across act action
actions activate activated activating activation active activity actual ad adapt adapter adapting adaptive add added
adding additional address addresses addressing adds adhoc adjust adjustment admin administratively administrator admit
admitted adopt adopting ads advanced advertisable advertise advertised advertisement advertising advice advisory aedz
af afb affected affinities affinity africa after afterwards again against age agent agents aggregate aggregated
aggregation ago agreeing agreement ahead aheads aip aka alarm alb algorithm algorithms alias aliases align aligned
alignment alike alive all allocatable allocate allocated allocating allocation allocations allow allowance allowed
allowing allows alone alpha already also alt alternate alternative alternatively although always amazon amazonaws amd
amendment america ami amiid among amount amp amz amzn an analyses analysis analyzed ancestry anchor anchored anchors
and anew annotation annotations announce announced announcement announcements annual another answer answered answering
answers any anycast anything anywhere ap apart api apis apnic app appear appears appendable appendix appends appid
appliance appliances applicable application applications applied apply applying approval approve approved apr
apt arch architectural architecture architectures archival archive archs are arenas args argument arguments argv arin
arithmetic arm armor arn arns around arp array arrived artifact artifacttypes as ascii asia aside ask asked asker
asking asks asn asns assertion assessing assessment asset assign assigned assigning assignment assignments associate
associated associating association associations assume assumed assumption assumptions assured async asyncnotification
asyncoperation at athena attach attached attaches attaching attachment attachments attempt attempted attempts
attention attribute attributes audience audit aug auth authenticate authenticated authentication authority
authorization authorizations authorize authorized authorizer authorizing auto automate automatic automatically
autoscaler autoscalers autoscaling auxiliary availability available average avg await awaits aware away awk aws axis
az azn azp azure azurerm back backed backend backends backoff backup bad balance balanced balancer balancers balancing
ban bandwidth banner bar bare bars base based baseline bash basic batch batches be bearer became because become
becomes been before began begin beginning begins begun behave behaves behavior behind being belong belonged belongs
below beside besides best beta better between bfd bgp bidirectional big bigint bill billed billing bills bin bind
binding bindings bios birth bit bits blackhole blacklist blank blanks blkid blob blobs block blocked blocker blockers
blocks blueprint bmp bodies body bold book booked bookworm bool boolean booleans boot bootable bootdiagnostics booted
booting boots border both bottom bound boundary bounds box bpki bps bracketed brackets branch branches breach break
breaker breakers brief bring brings broke broken brought bucket buckets budget buffer buffered bug build built builtin
bulk bulks bundle bundled bundling burst burstable bursting bury bus busy busybox but buy by byoasn byoasns byoip byos
bypass byte bytes ca cache cached caches caching cae cak calculated calendar call called caller callers calls came
camel camp can cancel canceled canceling cancellable cancellation cancellations cancelled cancelling candidate
candidates cannot canonical canonicalizes capabilities capability capable capacity capitals capped card cards careful
carried carrier carries carry carrying cascade case caseless cat catalog catalogue catch categories category caught
cause causes cca cdn ceil ceiling cell cells center central centre cents cert certificate certificates certs ceval cfs
cgroup cgroups chain challenge change changed changes changing char character characters charge charged charges chars
charset cheaper cheapest check checked checking checkpoint checks checksum child china chip chmod choose chooses
choosing chown chrono chronological chunk chunks cid cidr cidrs cipher circuit circuits circumstances city ckn
claim claimant claimants claimed claiming claims class classes classic classification classifications classname clean
cleanup clear cli client clients clip clock clocks close closed closes closing cloud cloudbilling cloudfront cloudkms
cloudresourcemanager clouds cloudwatch cluster clusters cn coalescing coattached code codeowner codes codestar coip
cold collect collection collector collocated collocation colocation color colours columns com combination combined
come comes coming command commands commas comment comments commit commitment commitments committed common communities
community compact compare compared comparison compatible complaint complete completed completing completion compliance
compliant comply component components composite compressed compression compute computer concat concatenated
concentrator concentrators concurrency concurrent condition conditions conf confed confidence confidential config
configs configuration configurations configure configured configuring confirmed conflict conflicts conform conjunction
connect connected connecting connection connections connectivity connects connrefused consecutive consensus
consistency consistent console consoles const constants constrained constraints constructor consume consumed consumer
consumes consumption cont contact contain contained container containers contains contenders content contents context
contig continent continue contract contracts control controller controllers controls conventions conversion converted
convertible cookie cookies cool cooldown cooloff copy cord core cores correct corrected correlation corruption cors
cos cost costs could count counted counting counts coverage cpp cpu cpus create created creates creating creation
credential credentials credit credits criteria critical cron cross crowded crypto csharp csv ctype cuda cupy curl
currency current currently cursor curve custom customer customers cut cwd cyan cycle daemon daily damaged dash
dasharray dashboard dask data database datacenter datafeed dataplane datapoint date dated day days db dbs dbx dbxs
ddos deactivate deactivated deactivating deadline deallocated deallocates debian debug debugging dec decide decided
decides decimal decision decl declaration declarative declared declined decode decoded decoder decodes decoding
dedicated deep def default defaults defense deferral deferred defined definition defunct degraded delay delayed delays
delegated delegatee delegation deletable delete deleted deletes deleting deletion deletions delimited delimiter
deliver delivered deliveries delivering delivery delta deltas demand demarc denial denied dense deny dependency
dependent depends depletes deploy deployment deprecate deprecated deprecation deprovision deprovisioned deprovisioning
depth der deregistered deregistration derived desc describe describes description descriptions descriptor deserialize
desired dest destination destinations destroy detach detached detaches detaching detail detailed details detected
detection determine dev developer developers device devices devpay dhcp diagnostic diagnostics did diff differ
different differs digest digit digits dim dimension dimensions dir direct direction directive directly director
directories directory dirname disable disabled disabling disallow disallowed disassociate disassociated disassociating
disassociation disassociations discard disclaimer disconnect discovered discoveries discovery discriminator disk disks
display disruption disruptive distance distinct distributing distribution diversified dkr dns do doc docker docs
doctor document documentation documented documents does doing dollars domain domains done door doors dotnet double
down download dpd draft drafting drain drained draining draw drawn draws driver drop dropped dry dscp dual dualstack
due dumb duplex duplicate duration dynamic eacces each eaddrinuse eagain eai earlier earliest early east ebs ec ecc
ecdsa ecf echo ecmp econnrefused econnreset ecr edge edition editions edquot eexist efa effect effective effects
effort egp egress ehostunreach einval eip eisdir either ejection elastic element elements elif eligibility eligible
else elsewhere email emergent emfile emit empty ena enable enabled enabling encapsulation enclave enclaves encode
encoded encoding encrypted encryption end ended ender ending endings endpoint endpoints ends energy enetunreach enfile
enforce enforced enforcement enforcing engine engines enhanced eni enoent enomem enospc enotdir enotempty enotfound
enough ensure ensuring enter enterprise entity entries entry enum enums env environ environment eperm ephemeral epipe
equal equals era erase erased erofs err errno error errordetail errors esac escape escaped escapes esf esp esrch
essential established estimate estimated eta etag etc ethernet etimedout eu eula europe eval evaluated even event
events eventual ever every everybody everything everywhere evicted eviction evidence exact exactly examination examine
examined examining examples exapool exceed exceeded exceeding exceeds except exception exceptions exceptiontype
excerpt excess exchange exchanges excludable exclude excluded exclusion exclusions exclusive exe exec executable
executed execution exempt exempted exemption exemptions exhausted exist existed existent existing exists exit exited
exp expand expanded expansion expect expected expecting experiencing experimental expiration expire expired expires
expiring expiry explain explained explanation explanations explicit export exported exports expose expr expression
expressions ext extend extended extendee extends extension extensions external extglob extra extract extras extreme
fabric facilities facility factor factors factory facts fade faded fail failed failing failover fails failure failures
falcon fallback fallen false families family faq far fare fast faster fault faults faulty fca feature features feb
federated federation fedora fee feff fence fenced fetch fetched fetching few fewer fewest fib field fields fifteen
figure file filename files filesystem fill fills filter filtered filters final finally financial find finding findings
finds fingerprint finish finished finite fips firehose firewall firewalls first fit fits five fix fixed flag flat
flavor fleet fleets flex flexibility flexible flight float floor flow flush folder folders follow followed following
follows font for forbidden forbids force forced foreign forget forgets forgotten form format forward forwarded
forwarding forwards found four fpga fpgas fqdn fqdns frame frankfurt free freed frees freeze frequency frequent fresh
fri friday friendly from front fulfill fulfilled fulfillment full fully function furnish furnishes further future fuzz
galleries gallery gapic gaps garbled garp gateway gateways gaudi gauge gave gax gb gbps gce gcloud gcp gen general
generate generated generation generations generative generic geneve geo geography get gets getuid ghcr ghz gib git
github githubusercontent gitignore give given gives giving global gmt goal goes gone good google googleapis gov
governance government gp gpu gpus grace graceful gradually grant granted granularity graph graphics graphql grave
graviton gre greater green greenwich grep grid group grouped groups grow grpc gserviceaccount gsp gua guard guarded
guest guests guid guide gvnic habana habits had half halt hand handle handler handlers handshake handwritten hangs
happen happens hardware has hash hat have having hdb hdd head header headers headroom heads heal healing
health healths healthy hear heard hears heavy height held help helper helps here hex hibernate hibernation hidden
hierarchy high highest highgpu highlssd highly highmem hint hints history hive hmac hold holder holds home
homedir hook hooks hop host hosted hostkeys hostname hostnames hosts hotpatching hour hourly hours how however
hpc href hrs html http https hub hundreds hup hvm hyper hyperdisk hypervisor hyphens iam iap icmp id idb idempotency
idempotent identified identifier identifiers identifies identify identities identity idle idn idpf ids idtyp iedn iezn
if ifs igmp igmpv ignore ignored ignores igp igw ike il ilb image imagebuilder images imd imds immediate immutable
impacted impair impaired impersonated implemented implicit import imported in inactive inbound incarnation include
included includes inclusion inclusive incoming incompatible incomplete inconsistent incorrect increase incremental
indent indentation independent index indexed indexes individual ine ineffective inet inf inference inferentia infinity
info information informational informs infos infra infrastructure ingestion ingress inh inherit inherited
init initial initialization initialize initializing initiated initiating injected injection ink inline inner
innererror inode input inputs insensitive insert inserted inserts inside insight insights inspect inspection inst
install installation installed installs instance instanceof instances instant instantiate instead insufficient int
integer integers integrate integration integrations integrity intel intelligences intended intent inter interconnect
interconnects interface interfaces internal internally international internet interpretation interrupted interruptible
interruption interruptions interval intervals into introduced invalid invalidation inventory invert io iops iot iowa
ip ipam ipams ipip ips ipsec ipv irdma is iso isolate issue issuer issues it item items iterable its itself itu jan
java jitter job jobs join joined joins journal journals json jsonl jstype judge jul jump jun just jwt karpenter kb kbs
keep keepalive keeper keeping keeps kek keks kept kernel kernels kex kext key keygen keyof keys keyword kill killed
kind kinds kinesis kms know known knows kubernetes label labelled labelling labels lack lacking lacks lacnic lacp lag
lags lake lambda language laptop large larger largest last late latency later latest lattice launch launchable
launched launches launching lax layer layout lazy lead leader leading leads leak leaked learn learned learning lease
leases least leave leaves leaving ledger left leftover leftovers legacy length lengths less let lets letter letters
level levels lib libraries library license licenses lie life lifecycle lifetime light like likely limit limited limits
line lines linger link linked links linux list listed listen listener listeners listening listing listings lists lite
literal little live liveness lives living lni load loadbalancer loaded loading loads local locale localhost locality
localized location locations lock locked log logged logger logging logical login logs long longer longest look
lookalike looked looking looks lookup loop loopback losing lost low lower lowest lrs lssd lstart lstat lts luck lun
lvcreate lvm mac machine machines macsec made magenta maglev main maintain maintenance maintenances major make maker
makers makes making malformed manage managed management manager managers manages manifest manual manufacturer
manufacturers many map mapping mappings maps mar march margin mark marked market marketplace markets marks mask masked
masks match matched matcher matchers matches matching material math matter max maximum may mb mbps mdadm me mean
meaning means meant meanwhile measure measured measurements med media median medium meet meets mega member members
membership memory merge merged message messages met meta metadata metadatas metal meter metered metering method
methods metric metrics metro metros mib micro micros microsoft microsoftonline microsoftwindowsserver middle middlebox
middleware mig migratable migrate migration millis milliseconds mime min minded minimal minimum minor minute minutes
mirid mirror mirrored mirroring mirrorings misfits mismatch miss missing misspelt mistake mistakes mix mkdir mkfs mnt
mode model modelled models modern modes modification modifications modified modify modifying module modules moment
moments mon monday money monitor monitored monitoring monitorings month monthly months more morning most mostly mount
mounted mounts move moved movement moves moving mrdma ms msi mtu much multi multicast multiple multiplier multipoint
multiqueue must muster mutual mx my name named names nameservers namespace namespaces naming nano nanos nap narrow nat
natgateway natgw native nats nca ncc near nearer nearest need needed needs negative negotiated negotiation neighbor
neighbour neither nested net netlb netmask network networking networks neuron never new newer newest next nexthop nic
nicbr nics nitro nlb no noatime noble nobody noc node nodes nofile non nonce noncompliant none
nonoverlapping noop nor normal north northeurope not note noted notes nothing notice noticed notices noticing
notification notifications noun nov november now nowhere nrp nsg nsgrules nth nul null nullable nulls num
number numbered numbers numeric nvidia nvlink nvme nvram oauth objc object observation observations observe observed
observing obsolete obtainability occurred occurrence oct octal octet odb odcr of off offer offered offering offerings
offers offset often oid oidc ok old older oldest omit omitted on once one oneof ones oneshot ongoing online only ons
open opened opening openings opens openssh openvpn operating operation operational operationresults operations
operator opportunistic ops opt opted optical optimal optimization optimize optimized optimizing option optional
options or orchestrated orchestration order ordered orders org organization organizational organizations origin
original originally origins orphaned orphans os osconfig oslogin oss other others otherwise our ours out outage
outages outbound outcome outer outgoing outlier outlive outlives outpost output outside ova over overcommit
overconstrained overhead overlap overlapping overlaps overprovision overprovisioned overridable overridden override
overriden overrides overview overwrite ovm own owned owner owners ownership owning owns pac pacific package packages
packed packet packets pad page paged pageless pages paginated pagination paging paid pair pairing pairs panic parallel
parallelism param parameter parameters params paravirtual parent parentheses parquet parse parsed parsing part partial
partially participant partition partitions partner parts pass passed passes passing passive passthrough passwd
passwords past patch patched path pathname paths patience pattern patterns pause paused pauses pausing payer paygo
payload payment pci pcx pdp peak peer peering peeringdb peerings peers pem pending people per percent percentage
percentages perform performance period periodic perl permanent permanently permission permissions permissive permit
permitted persist persisted persistence persistent pfs pgid pgrp phase phc photos php physical pick picture pid pids
piece pieces pinned pipe piped pipeline pkce pkcs pkg place placed placement places plain plan plane planned planning
plant platform platforms play played plays please plot plural plus pod podslice point points policies policy policys
poll polled pool pools pop populated port portal portmap ports pos position positive posix possible post posted
posture power poweroff powers ppk pre precision precondition preconfigured predefined predictive preempt preempted
preemptible preemption preemptions prefer preference preferred prefix prefixed prefixes prefixs prelaunch premium
prepare prepared prepares preparing prerequisites presence present preserve preserved presigned pretty preview
previous previouscommitmentterm prf price priced prices pricing primary principal principals print printed printf
prints prioritize prioritized priority privacy private privileges pro probe problem problems proc proceed process
processes processing processor procurement procuring producer product production products profile program programs
progress project projects promise promises promotion proof propagated propagating propagation propagations properties
property protect protected protection protections protects proto protobuf protocol protocols protos provide provided
provider providers provision provisioned provisioning proxies proximity proxy proxyless pruned psc ptr pub public
publicly publish published publisher publishers publishes publishing pull pulls purchase pure purpose purposes push
put puts pwd python pythonic pzi pzs qps quantity quantum quarantined quarter queries query queue queued queues quic
quicksight quiet quietly quirks quot quota quotas quote quoted quotes rack radeon raise ram ramdisk ran random range
ranges rank ranked ranks rare rate ratelimit rates ratio raw rdma rdp rds reach reachability reachable reached reaches
reactivating read readable readdir reader readiness reading readlink readonly reads ready real reap reaper reason
reasons reassignment reassociation rebalance rebalancing reboot recall recaptcha receipt receive received receiving
recent recently recipe recognized recommendation recommendations recommended reconcile reconciling record recorded
records recoverable recovering recovery recreate recreating rect recurrence recurrent recurring recursive recycle red
redact redeploy redhat redirect redistribution redshift reduce redundancy redundant ref reference referenced
references referencing referrer refill refresh refreshing refs refusal refusals refuse refused refuses refuted reg
regex regexes region regional regions register registered registration registrations registry regular rehearsal
rehearse reimage reject rejected rejecting rekey relation relational relative relaunched release released reliability
reload relocation rely remain remainder remainders remaining remains remarks remediation remedy remember remembered
remote removable removal removals remove removed removes removing rename renamed render rendering rendezvous renew
renewal renewals renewed renewing renews repair repairing repairs repeat repeated replace replaced replacement
replaces replay replica replicas replicated replication replies reply repo report reported reporting reports
repository req request requested requester requestid requesting requests require required requirements requires
requiring res reschedule resend resent reservation reservations reserve reserved reserving reset resetting resiliency
resilient resize resolution resolve resolved resolver resolvers resolves resource resourcegroups resources response
responses responsibilities responsibility rest restart restarted restarting restarts resting restorable restore
restorecon restored restores restoring restricted restriction restrictions rests result results resume resumed
resuming retag retail retain retention retired retirement retries retrieve retrieving retry retryable return returned
returns reverse review revision revocation revoked revoking rewrite rfc rhel rib right rights ring rings ripe rir risk
risky rival rnat roa roas robin roce rocky role roles rollback rolling rollout rollouts rollup room root roots roster
rotation round rounded rounds route router routers routes routing row rows rpc rpki rsa rtb rtbassoc rtt ruby rule
rules run running runs runtime sa safe safety said same saml sample sampled sampling san sas sat satisfies satisfy
saturday save saved saw say says sbin sbom scalar scale scaled scaler scaling scan scenario scenarios schedule
scheduled scheduledevents scheduler schedules scheduling schema scheme schemes scope scoped scopes score scores
scratch screenshot script scripted scripts scsi sctp sda sdb sdk sdn seam search searched searcher searches sec second
secondary seconds secrets sector secure security securityrules sed see seed seen sees segment select selected
selection selections selective selector selectors self sell sells semantic send sender sending sends sensitivity sent
sentence sentences sep separate sequence serial serialconsole serialize series serve server serverless servers service
services serving session sessions set sets setsid setting settings settle settled setup sev several severity sfixed
sha shade shadow shape shapes shards share shared shares sharing shell shielded shift shifted shifts shopping short
shortage shortages shorten shortened shorter shortfall shortly should show showed shown shows shrink shut shutdown
shutting sid side sides sifted sig sigcont sight sights sighup sigint sigkill sign signal signaled signalled signature
signatures signed signing signs sigquit sigs sigstop sigterm sigusr silence silent silently similar simulate simulated
simulates simulator since single singular sint sip sir site six sixth size sizes skew skip skipped skiptoken sku skus
sla slack sleep sleeper slice slot slots slow slowest small smaller smallest smi smithy snap snapshot snapshots sni
snp sns so socket sockets soft software sold sole some somebody something somewhere soon sooner sort sorted sorting
source sourced sources south space spaces span spared sparse spawn speak speaks spec specific specification
specifications specified specify specifying specs speed spelling spending spent spill spillover spki split spoil
spoiling spoilt spoken spot spread sql square src srd sriov ssd ssds sse ssh sshd ssl ssm sso stabilization stable
stack stage staging stale stamp stand standard standards standby stands start started starting starts startup startups
stat state stateful stateless statement statements states static statistic stats status statuses stay stayed stays
stderr stdev stdin stdio stdout stem step steps still stock stockout stocks stop stopped stopping stops storage store
stored storing story strategies strategy stray strays stream streaming street strength strict strike string stringify
strings strip stroke strong struck struct structure sts stuck style sub subarray subblock subgroups subinterfaces
subject submit submitted subnet subnets subnetwork subnetworks subscription subscriptions subset subsetting
substatuses substitute substitution subsystem subtype subzone succeeded success successful successfully such sudo
sudoers sufficient suffix suggested suite sum summaries summary summer sums sun sunday super supervise supervises
supervisor supervisors supplied supplies supply support supportability supported supports suppress suppressed sure
surge surplus survey suse suspend suspended suspending sustained svg svsm sweep sweeps swept swg swift switch symbol
symbolic symlink sync synced syncing syntax sys system systemctl systemd systemevent table tables tag taggable tagged
tagging tags tail tails take taken takes taking talk tally tap tar target targeted targets task tasks taxonomy tcp tdx
teams telemetry tell telling tells temp temperature template templates temporary ten tenancy tenant tenth term
terminal terminate terminated terminating termination terminations terms terraform tesla test testing tests text texts
tgw than that the their theirs them themselves then there these they thing things third thirty this those thousand
thousands threads threat three threshold threw throttle throttled throttles throttling through throughput throw thrown
throws thu thumb thursday ticket tickets tid tier tiered tiering tight tightest time timed timeline timeout timer
timers times timestamp timings tips title tls tmpfs to together token tokens told too took tool tools top topic
topologies topology torch tos total totalmem totals tpm tpmt tpu trace track tracker tracking traffic trailing train
trainium traits transfer transferable transfers transient transit transition transitions transitory translations
transmit transmitting transport trap trash treat trends trial trials tried tries trim trn trouble troubles
troubleshoot troubleshooting true trunk trust trusted trusts truth try trying ttl tty tue tuesday tunnel tunneling
tunnelling tunnels tuple turbo turing turn twelve twice twin two type typed typeof types typical ubuntu udp uefi uid
uids uint uksouth ula ulimit ull ultra ultraserver umask unable uname unanswered unapplied unassigning unauthorized
unavailable unblocked uncaught unchallenged unchecked unconfirmed unconstrained uncounted und undeclared undefined
under understand understood unexpected unfiltered unfulfillable unhealthy unheard unicast unicode uniform
unimplemented uninitialized uninterpreted union unique unit units universe unix unknown unlaunchable unless unlimited
unloadable unlocked unlucky unmanaged unmatched unmetered unmodified unordered unplaced unpriced unprovisioned
unreachable unreachables unreadable unready unrecognized unrecoverable unregistered unreserved unresponsive
unrestricted unsafe unsatisfied unscheduled unsent unset unsettled unsigned unspecified unsuccessful unsuccessfully
unsupported unsure until untried unusable unused unverified unversioned up upcoming update updated updates updating
upfront upgrade upgraded upload uploading upn upper uptime urandom uri uris url urllib urn us usage usages usd use
used user useradd username users uses using usr usual utc utf util utilization utilizations uuid vads vain val valid
validate validated validation validations validity value values vanished var variable variables variant vars vault
vcpu vcpus vendor verb verbose verbs verdict verdicts verification verified verify verifying version versioned
versions vgpu vgw vgws vhd vhds via view views violation vip virtio virtual virtualization virtualmachines
virtualnetworks visibility visible visit visudo vlan vm vmdk vmimage vms vmware vnet vni void vol volume volumes vp
vpc vpcs vpn vss vtpm vws waf wait waited waiting waits waived wake walk wall wanted wants warn warning warnings was
watch watchdog watched watches watermark watermarks wave waves way ways we weak web wed wednesday week weekday
weekdays weekly weeks weight weighted weighting weightings well went were west westeurope wget what whatever when
where wherever whether which whichever while whitelist who whoever whole whom whose why whys wide wider widest width
wieghted wild wildcards will win wind window windows windowsserver wire wires wish wishes with withdraw withdrawal
withdrawn within without witness word wording words work workable worker workers workflow workflows working workload
workloads works world worst would wrap writable write writer writes writing written wrong wrote www xargs xdg xen xff
xffff xid xilinx xlarge xml xmlns xms xpn xvda yaml year yellow yes yet yield yields you young your yours yourself
zero zeros zlib zod zonal zone zoned zones password secret
`

/** In lower case, each a run of letters. */
export const HARMLESS_WORDS: ReadonlySet<string> = new Set(WORDS.trim().split(/\s+/))
