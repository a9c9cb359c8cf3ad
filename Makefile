# The front door: everything else is Meson's.
#
#   make run        build and start collectord (ARGS="-sink file ..." for options)
#   make test       build and run the tests
#   make rebuilds   build the library in the other ways that programs can
#   make bench      measure the library on this machine, for four minutes
#   make loadtest   measure collectord over HTTP, for two
#   make lint       look for mistakes with clang-tidy and cppcheck
#   make coverage   see how much of the library the tests reach
#   make campaign   the long form of the tests, for hours (PART=... for a part)
#   make fuzz       fuzz each target (SECONDS_EACH=60, TARGETS="event ...")
#   make docs       write the reference manual: BUILD/lib/manual/html/index.html
#   make cross      run the tests for other architectures (CROSS="arm64 armhf")
#   make size       see how large the small library is on them
#   make mcp-test   ask collectorctl mcp with the official client, from npm
#   make page-test  look at the page in the browser with Chromium
#   make proxies    run the tests of nginx and stunnel in front of collectord
#   make docker     build the container image, with docker or buildah
#   make docker-test  build the image, and start it in a chroot, as root
#   make clean      remove what was built
#
# On Debian, all but clean install what is missing when they may, and otherwise
# say which packages to install.

BUILD ?= build
RELEASE ?= build-release
BUILD_FUZZ ?= build-fuzz
COVERAGE ?= build-coverage
BUILD_CROSS ?= build-cross
ARGS ?=
PART ?=
SECONDS_EACH ?= 60
TARGETS ?=
CROSS ?= arm64 armhf s390x

BUILD_PACKAGES = gcc libc6-dev meson ninja-build pkg-config libsqlite3-dev \
	libjansson-dev libcurl4-openssl-dev libcivetweb-dev zlib1g-dev
TEST_PACKAGES = check binutils cmake g++ groff-base mandoc openssl python3
LINT_PACKAGES = clang-tidy cppcheck
FUZZ_PACKAGES = clang libclang-rt-14-dev
COVERAGE_PACKAGES = gcovr
DOCS_PACKAGES = doxygen
CROSS_PACKAGES = gcc meson ninja-build pkg-config qemu-user \
	$(foreach arch,$(CROSS),gcc-$(shell tests/cross/triplet.sh $(arch)))
# Debian's, where neither is there: other versions of them do as well.
PROXY_PACKAGES = nginx stunnel4
DOCKER_PACKAGES = buildah curl mmdebstrap

.PHONY: all run test rebuilds bench loadtest lint coverage campaign fuzz docs cross \
	mcp-test page-test proxies docker docker-test size release clean build-packages test-packages lint-packages \
	coverage-packages docs-packages docker-packages fuzz-packages \
	cross-packages node-packages page-packages

all: $(BUILD)/build.ninja
	ninja -C $(BUILD)

run: build-packages all
	./$(BUILD)/daemon/collectord $(ARGS)

test: test-packages all
	tests/run.sh $(BUILD) --no-suite rebuild \
		--num-processes $$(($$(nproc) * 3))

rebuilds: test-packages all
	meson test -C $(BUILD) --no-rebuild --print-errorlogs --suite rebuild

# Nothing else than what is measured: it needs no Check.
bench: release
	meson test -C $(RELEASE) --benchmark --no-rebuild --verbose

loadtest: release
	tests/loadtest.sh $(RELEASE)

lint: test-packages lint-packages all
	tests/lint.sh $(BUILD)

coverage: test-packages coverage-packages
	tests/coverage.sh $(COVERAGE)

campaign: test-packages all
	tests/campaign.sh $(BUILD) $(PART)
	$(if $(PART),,$(MAKE) fuzz SECONDS_EACH=1860)

fuzz: fuzz-packages
	tests/fuzz.sh $(BUILD_FUZZ) $(SECONDS_EACH) $(TARGETS)

# A build directory that was made before Doxygen came knows nothing of it.
docs: docs-packages $(BUILD)/build.ninja
	meson setup --reconfigure $(BUILD) >/dev/null
	meson compile -C $(BUILD) docs

# Libraries for other architectures are fetched, not installed.
cross: cross-packages
	tests/cross.sh $(BUILD_CROSS) $(CROSS)

mcp-test: node-packages all
	tests/mcp/client.sh $(BUILD)

# What comes from npm stays in the build directory.
page-test: page-packages all
	tests/page/run.sh $(BUILD)

# The proxies are fetched, not installed: that would start a server here.
proxies: test-packages all
	tests/lay.sh $$(dpkg --print-architecture) $(BUILD)/proxies \
		$(PROXY_PACKAGES)
	meson test -C $(BUILD) --no-rebuild --print-errorlogs --suite proxy

docker:
	daemon/image.sh collectord

docker-test: docker-packages
	tests/container/test_image.sh

size: cross-packages build-packages
	tests/size.sh $(BUILD_CROSS) $$(dpkg --print-architecture) $(CROSS)

release: build-packages $(RELEASE)/build.ninja
	ninja -C $(RELEASE) tests/loadgen/loadgen daemon/collectord \
		tests/wear/wear

clean:
	rm -rf $(BUILD) $(RELEASE) $(COVERAGE) $(BUILD_FUZZ) $(BUILD_CROSS)

# A build directory that was made before a package came knows nothing of it:
# the packages are looked at first.
$(BUILD)/build.ninja: | build-packages
	meson setup $(BUILD)

$(RELEASE)/build.ninja: | build-packages
	meson setup $(RELEASE) -Dbuildtype=release

build-packages:
	@tests/packages.sh $(BUILD_PACKAGES)

test-packages:
	@tests/packages.sh $(BUILD_PACKAGES) $(TEST_PACKAGES)

lint-packages:
	@tests/packages.sh $(LINT_PACKAGES)

coverage-packages:
	@tests/packages.sh $(COVERAGE_PACKAGES)

docs-packages:
	@tests/packages.sh $(DOCS_PACKAGES)

# Somebody may have a newer Node.js, with an npm of its own.
node-packages: build-packages
	@tests/packages.sh $$(command -v node >/dev/null || echo nodejs) \
		$$(command -v npm >/dev/null || echo npm)

page-packages: node-packages
	@tests/packages.sh $$(command -v chromium >/dev/null || echo chromium)

docker-packages:
	@tests/packages.sh $(DOCKER_PACKAGES)

fuzz-packages:
	@tests/packages.sh $(BUILD_PACKAGES) $(TEST_PACKAGES) $(FUZZ_PACKAGES)

cross-packages:
	@tests/packages.sh $(CROSS_PACKAGES)
