# Every recipe is one line that can be typed without `just`.

# build the binary
build:
    CGO_ENABLED=0 go build -o murmur .

# the README's test command: complete, deterministic, no network
test:
    go test ./...

# what volunteers install, into DIR: binaries, images, Debian packages, built twice and compared
release DIR="./release":
    bash .ci/release {{DIR}}

# alerts for Prometheus: each is raised by a node that is ill, and by no other
alerts:
    cd configs/package && promtool check rules alerts.yml && promtool test rules alerts.test.yml

# what CI runs
check:
    bash .ci/run

# a network on this computer: two people, a post and a photo
demo *ARGS:
    go run . demo {{ARGS}}

# a private network of separate processes in DIR
net DIR="./net":
    go run . network new {{DIR}}

# every fuzz target for TIME each
fuzz TIME="30s":
    bash .ci/fuzz {{TIME}}

# benchmarks with their ratios
bench PATTERN=".":
    go test -run '^$' -bench '{{PATTERN}}' -benchtime 2s ./...

# the long forms of tests: four minutes
exhaustive:
    bash .ci/exhaustive

# the recipes of docs/rows.md at their full counts, all or those that are named, and a line for each
# row of what was counted: a day of a core; -n only shows the commands
rows *ROWS:
    go run ./.ci/rows {{ROWS}}

# every bit of a packet flipped at every hop
bitflips:
    SPHINX_EXHAUSTIVE=1 go test -count=1 -v -timeout 60m -run TestEveryBitFlip ./internal/sphinx

# four and seven authorities among liars, EPOCHS for each of fourteen patterns, and as many epochs over links
authorities EPOCHS="72":
    go test -count=1 -v -timeout 60m -run Parliament ./internal/directory -parliament.epochs {{EPOCHS}} && MURMUR_EPOCHS=$((7*{{EPOCHS}})) go test -count=1 -v -timeout 60m -run TestSomeOfThemLie ./internal/testnet/virtual

# what a provider and a mix do with five times as many packets as they can take
overload:
    go test -count=1 -v -run TestOverload ./provider ./mix/node

# what every answer of a holder or an entry does to a person who is lied to
liars:
    go test -count=1 -v -run 'TestWhateverAHolder|TestNoReplyIsKept|TestLyingEntry' ./client/parts ./client/connection

# 10,000 half-open and 5,000 slow connections to a listener, for TIME: who is shut out, and its memory.
# It needs Linux and 16,000 open files
strangers TIME="60s":
    MURMUR_STRANGERS={{TIME}} go test -count=1 -v -timeout 60m -run TestManyStrangers ./internal/link

# FLIPS flipped bytes in stores of boxes and of people, closed and killed; each byte of a node's keys,
# replay tags and documents
damage FLIPS="1000":
    MURMUR_DAMAGE={{FLIPS}} go test -count=1 -v -timeout 120m -run TestFlippedBytes ./internal/box/daystore ./client/store ./internal/node ./internal/documents

# clocks that are off by an eighth of an epoch, and by more
skew:
    MURMUR_ROWS=1 go test -count=1 -v -run 'TestSkewedClocks|TestParliamentClocks|TestWrongClocks|TestClockIsWatched|TestClockOffIsSaid' ./sim/world ./internal/directory ./client/connection ./internal/documents ./internal/node

# the simulator from the same seeds, TIMES processes on one core and on two: the same hashes of traces
traces TIMES="10":
    bash .ci/traces {{TIMES}}

# tests in shuffled order with the race detector: each package in virtual time VIRTUAL times, each with
# sockets SOCKETS times; days of a core
flakes VIRTUAL="1000" SOCKETS="20":
    bash .ci/flakes {{VIRTUAL}} {{SOCKETS}}

# ten retention periods of fourteen days, BOXES a day: what is asked for too late, and the disk
expiry BOXES="500":
    MURMUR_EXPIRY={{BOXES}} go test -count=1 -v -timeout 60m -run TestNothingOutlives ./internal/box/daystore

# COUNT inputs to each decoder of what strangers write, 31 forms: panics, second spellings, memory
hostile COUNT="40000":
    MURMUR_HOSTILE={{COUNT}} go test -count=1 -v -timeout 60m -run 'TestHostileForms|TestStrangersCost' ./internal/directory ./internal/directory/query ./internal/bulletin ./internal/box ./internal/exchange ./internal/link ./client/session ./client/content ./client/ticket ./client/contact

# logs, metrics, files and memory, searched for what must not be there
canaries:
    go test -count=1 -v -run 'TestNoCanary|TestLogsNameNobody|TestMetricsNameNobody' ./client ./internal/cli ./provider/node ./mix/node

# the simulator's conformance table, all rows: two minutes
verify:
    go run . sim verify

# power cuts of a box store on a loop device: needs root on Linux
powercut CYCLES="20":
    MURMUR_POWERCUT={{CYCLES}} go test -count=1 -v -run PowerCut ./internal/box/daystore

# boxes in PostgreSQL: the conformance suite on servers of its own, the demo with all its providers on
# databases, mistakes, outages, a start with a database away, CYCLES kills of the provider and as many of
# the servers, and as root on Linux two power cuts; needs the server's programs
postgres CYCLES="3":
    MURMUR_POSTGRES={{CYCLES}} MURMUR_POWERCUT=2 go test -count=1 -v -timeout 60m ./internal/box/pgstore

# packets replayed to a real mix: in one process, over rotation, kill -9, a clean stop, and as root on
# Linux CUTS power cuts ("" for none)
replays COUNT="100000" CUTS="2":
    MURMUR_REPLAYS={{COUNT}} MURMUR_POWERCUT={{CUTS}} go test -count=1 -v -timeout 60m -run Replay ./mix/node

# kills of a provider under load, of a client at any moment of any command, and of two copies of one
# home, and what they acknowledged
kills COUNT="100":
    MURMUR_KILLS={{COUNT}} go test -count=1 -v -timeout 60m -run Kill ./provider/node ./client ./client/parts

# a provider on a disk that becomes full: needs root on Linux
diskfull:
    MURMUR_DISKFULL=1 go test -count=1 -v -run DiskFull ./provider/node

# a 64 KiB photo from posting to fetched, RUNS times over real sockets
photo RUNS="20":
    MURMUR_PHOTO={{RUNS}} go test -count=1 -v -timeout 60m -run PhotoLatency ./internal/demo

# the same photo 20 times in virtual time
photo-virtual:
    MURMUR_ROWS=1 go test -count=1 -v -run TestPhotoRow ./sim/world

# tests that `go test ./...` leaves out or makes small, in their long forms: some minutes
long:
    bash .ci/long

# worlds of whole days: five people for a week, and what holders see of a reader for four days
days:
    MURMUR_LONG=1 MURMUR_DAYS=1 go test -count=1 -v -run 'TestFivePeople|TestHoldersDoNotSeeWhoReads|TestOneSeedOneLife|TestLinksDoNotSee' ./sim/world

# stories of real processes that take a minute or more
stories:
    MURMUR_STORIES=1 go test -count=1 -v -timeout 30m -run TestLongStories .

# stories of several hosts with addresses of their own, IPv4 and IPv6, some behind a router, and cables
# that break: needs root on Linux, ip and nft
namespaces:
    MURMUR_NAMESPACES=1 go test -count=1 -v -timeout 30m -run TestHosts .

# a network and two people for DAYS days of virtual time: what heap, goroutines and open files do
soak-days DAYS="10":
    MURMUR_SOAK_DAYS={{DAYS}} go test -count=1 -v -timeout 25h -run TestSoakOfDays ./internal/demo

# the same with real sockets, for an hour of real time: goroutines and open files
soak TIME="60m":
    MURMUR_SOAK={{TIME}} go test -count=1 -v -timeout 25h -run TestSoak ./internal/demo

# forty people on a private network of real processes, for TIME: every post is read, and how soon
forty TIME="60m":
    MURMUR_FORTY={{TIME}} go test -count=1 -v -timeout 25h -run TestForty .

# all providers of a private network of real processes attacked at once, for TIME: who is shut out. Each
# of twelve flooders writes WRITES boxes a minute
siege TIME="3m" WRITES="60":
    MURMUR_SIEGE={{TIME}} MURMUR_SIEGE_WRITES={{WRITES}} go test -count=1 -v -timeout 60m -run TestSiege .

# what nodes of the default network and PEOPLE who use it send, compute and keep: of real processes, measured for
# TIME, and of a thousand people in virtual time
costs TIME="60m" PEOPLE="10":
    MURMUR_COSTS={{TIME}} MURMUR_COSTS_PEOPLE={{PEOPLE}} MURMUR_COSTS_WORLD=1 go test -count=1 -v -timeout 25h -run TestCosts .

# who is active and who idle, by the links of forty real daemons watched for TIME, and for CONTROL without cover
traffic TIME="28m" CONTROL="10m":
    MURMUR_TRAFFIC={{TIME}} MURMUR_TRAFFIC_CONTROL={{CONTROL}} go test -count=1 -v -timeout 25h -run TestTraffic .

# COUNT random schedules of sessions, thieves' too: a minute and more for each thousand
schedules COUNT="100000":
    go test -count=1 -v -timeout 24h -run 'TestSchedules|TestPassiveThief' ./client/session -rapid.checks={{COUNT}}

# COUNT random schedules of two people with three devices, and their years: seconds for each
relations COUNT="1000":
    MURMUR_SCHEDULES={{COUNT}} MURMUR_RELATIONS=1 MURMUR_LONG=1 go test -count=1 -v -timeout 24h ./client/relation

# the model of sessions: every order of turns, crossing knocks, moves and revoking, with controls
spin:
    bash .ci/spin

# round trips over lossy links and past dead mixes, COUNT for each row: half an hour and more
arq COUNT="10000":
    MURMUR_ARQ={{COUNT}} go test -count=1 -v -timeout 180m -run RoundTrips ./client/sender

# the simulator's report in a real browser
browser BROWSER="chromium":
    MURMUR_BROWSER={{BROWSER}} go test -count=1 -v -run Browser ./sim/report

# go test ./... beside four busy loops, TIMES times: what waits for a time and not for an event fails
loaded TIMES="20":
    bash .ci/loaded {{TIMES}}

# what packages export and nobody else uses; -l names it
exports *ARGS:
    go run -modfile=tools.mod ./.ci/exports {{ARGS}}

# all that is drawn, 100 draws of each, TIMES times with seeds of chance: what failed names its seed
seeds TIMES="5":
    for i in $(seq {{TIMES}}); do MURMUR_SEED=0 go test -count=1 -timeout 60m $(git grep -l internal/drawn -- '*_test.go' | xargs -n1 dirname | sort -u | sed 's|^|./|;/^.\/.$/d') -rapid.checks=100 || exit 1; done

# races, flakes under shuffled order, and other draws of the property tests
race:
    MURMUR_SEED=0 go test -race -shuffle=on ./...

# what our default network gives, all of docs/simulation.md section 7: an hour and more
answers DIR="./answers":
    for f in configs/sim/answer-*.toml; do go run . sim run --out {{DIR}}/$(basename $f .toml) $f || exit 1; done

# the list of all defences (checks, caps, fsyncs, thresholds), each taken away by `go test -overlay`:
# which are noticed by a test. With a PATTERN those whose names fit
defences PATTERN="":
    go run ./internal/defences '{{PATTERN}}'

# COUNT replies of each kind by the clock of this computer: for what is here, absent, empty, of
# somebody else; whether when they leave tells them apart. Five minutes for 100,000 on a quiet machine
timing COUNT="100000":
    MURMUR_TIMING={{COUNT}} go test -count=1 -v -timeout 24h -run TestRepliesLookAlike ./provider
