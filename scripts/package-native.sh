#!/usr/bin/env bash
# The archive and the wheel of macOS or Windows, made on that system by its own tools, into dist/, for the release workflow;
# scripts/package-join.sh makes the rest. No word here is newer than macOS's bash.
. "$(dirname "$0")/lib.sh"
. scripts/cross-tools.sh
. scripts/package/facts.sh
. scripts/package/archives.sh
. scripts/package/registries.sh
need_rust

target=$(rustc -vV | sed -n 's/^host: //p')
exe='' form=tar.gz
case $target in
  aarch64-apple-darwin) platform=macosx_11_0_arm64 ;;
  x86_64-apple-darwin) platform=macosx_10_12_x86_64 ;;
  x86_64-pc-windows-*) platform=win_amd64 exe=.exe form=zip ;;
  *) die "scripts/package.sh makes the packages for Linux, and none are made for $target" ;;
esac
SOURCE_DATE_EPOCH=$(git show --no-patch --format=%ct HEAD)
VOUCH_COMMIT=$(git rev-parse HEAD)
export SOURCE_DATE_EPOCH VOUCH_COMMIT CARGO_INCREMENTAL=0
work=$PWD/target/package
stage=$work/stage
rm -rf "$stage" dist
mkdir -p "$stage" dist
need_python_builder "$work"

# One by one: together, the helpers would be built with what `vouch` alone needs.
for package in "${helpers[@]}" vouch-cli; do
  cargo auditable build --quiet --locked --release --target "$target" --package "$package"
done
programs=()
for name in vouch "${helpers[@]}"; do programs+=("$PWD/target/$target/release/$name$exe"); done
stage_texts "$PWD" "$stage" "${programs[0]}" "$target"
make_sdist "$PWD" "$stage"
pack_wheel "$PWD" "$stage" "$PWD/target/$target/release/pip-keyring-vouch$exe" "$platform" "$PWD/dist"
root=$stage/vouch-$version-$target
put_programs "$root/bin" "${programs[@]}"
put_texts "$PWD" "$stage" "$root" dist/*.whl
python3 scripts/package/archive.py "$root" "dist/$(basename "$root").$form"
"$root/bin/vouch$exe" --version --verbose >&2
