# The front door: everything else is Meson's.
#
#   make run        build and start collectord (ARGS="-sink file ..." for options)
#   make test       build and run the tests
#   make bench      measure the library on this machine, for three minutes
#   make loadtest   measure collectord over HTTP, for two
#   make lint       look for mistakes with clang-tidy and cppcheck
#   make campaign   the long form of the tests, for hours (PART=... for a part)
#   make clean      remove what was built
#
# On Debian, all but clean install what is missing when they may, and otherwise
# say which packages to install.

BUILD ?= build
RELEASE ?= build-release
ARGS ?=
PART ?=

BUILD_PACKAGES = gcc libc6-dev meson ninja-build pkg-config libsqlite3-dev \
	libjansson-dev libcurl4-openssl-dev libcivetweb-dev
TEST_PACKAGES = check binutils
LINT_PACKAGES = clang-tidy cppcheck

.PHONY: all run test bench loadtest lint campaign release clean \
	build-packages test-packages lint-packages

all: $(BUILD)/build.ninja
	ninja -C $(BUILD)

run: build-packages all
	./$(BUILD)/daemon/collectord $(ARGS)

test: test-packages all
	tests/run.sh $(BUILD)

# Nothing else than what is measured: it needs no Check.
bench: release
	meson test -C $(RELEASE) --benchmark --no-rebuild --verbose

loadtest: release
	tests/loadtest.sh $(RELEASE)

lint: test-packages lint-packages all
	tests/lint.sh $(BUILD)

campaign: test-packages all
	tests/campaign.sh $(BUILD) $(PART)

release: build-packages $(RELEASE)/build.ninja
	ninja -C $(RELEASE) tests/loadgen/loadgen daemon/collectord

clean:
	rm -rf $(BUILD) $(RELEASE)

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
