# shellcheck shell=bash
# Maven in other versions than the distribution's, as Maven Central has it: sourced after lib.sh, not run.
# shellcheck disable=SC2154

# A version and the SHA-512 of its archive.
maven_clients=(
  "3.9.16 831a8591fe20c8243b1dbe7d71e3244f31d1665b0804b2e825e38cbbe5ce0cafb8338851f90780735568773e0a6cd07bbec107cda0b896b008b861075358b6f6"
  "4.0.0-rc-5 942c19fb75ab7a5d2a11001e3d6c8c6214c81d2736ebc613243d22f7b4ab0404092d47511317d767e8f22a1c634a3762cc7e6b4b6693580ac86e73c0bed1bee2"
)
MAVEN_DEPENDENCY_PLUGIN=3.8.1

# Lays out $clients/maven/VERSION, and $clients/maven/repository: a folder with the plugins that a build takes by itself, each
# file with its checksum, for tests that reach no network. Does nothing where all are there.
need_maven_clients() {
  local folder=$clients/maven wanted
  wanted=$(printf '%s\n' "${maven_clients[@]}")
  [[ -e $folder/complete && $(<"$folder/complete") == "$wanted" ]] && return 0
  command -v mvn >/dev/null || need_packages "${jvm_packages[@]}"
  command -v mvn >/dev/null || die "mvn is missing: install Maven 3.8 or later, then run this again"
  say "installing Maven ${maven_clients[*]%% *}"
  rm -rf "$folder"
  mkdir -p "$folder/repository"
  local work
  work=$(mktemp -d)
  folder=$(realpath "$folder")
  write_maven_project "$work/project"
  local client version sum
  for client in "${maven_clients[@]}"; do
    read -r version sum <<<"$client"
    install_maven "$folder" "$work" "$version" "$sum" || die "Maven $version could not be installed"
  done
  collect_maven_packages "$work/local" "$folder/repository"
  rm -rf "$work"
  printf '%s\n' "$wanted" >"$folder/complete"
}

# One Maven, and what it asks for to compile, pack and publish a project.
install_maven() {
  local folder=$1 work=$2 version=$3 sum=$4 archive=$2/apache-maven-$3-bin.tar.gz
  # Nothing of the user's own: neither settings nor packages.
  local quiet=(--batch-mode --quiet -Dstyle.color=never --strict-checksums --settings "$work/settings.xml")
  (cd "$work" && mvn "${quiet[@]}" "-Dmaven.repo.local=$work/tools" \
    "org.apache.maven.plugins:maven-dependency-plugin:$MAVEN_DEPENDENCY_PLUGIN:copy" \
    "-Dartifact=org.apache.maven:apache-maven:$version:tar.gz:bin" "-DoutputDirectory=$work") >&2 || return
  printf '%s  %s\n' "$sum" "$archive" | sha512sum --check --status || {
    say "$archive is not the one that is pinned"
    return 1
  }
  mkdir "$folder/$version"
  tar -xzf "$archive" -C "$folder/$version" --strip-components=1 || return
  (cd "$work/project" && "$folder/$version/bin/mvn" "${quiet[@]}" "-Dmaven.repo.local=$work/local" deploy \
    "-DaltDeploymentRepository=out::file://$work/out") >&2
}

write_maven_project() {
  mkdir -p "$1/src/main/java/com/example"
  printf '<settings/>\n' >"${1%/*}/settings.xml"
  printf 'package com.example;\nclass Hello {}\n' >"$1/src/main/java/com/example/Hello.java"
  cat >"$1/pom.xml" <<'POM'
<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>com.example</groupId>
  <artifactId>hello</artifactId>
  <version>1.0-SNAPSHOT</version>
  <properties>
    <maven.compiler.source>11</maven.compiler.source>
    <maven.compiler.target>11</maven.compiler.target>
    <project.build.sourceEncoding>UTF-8</project.build.sourceEncoding>
  </properties>
</project>
POM
}

# Maven 4 takes nothing without a checksum, not even from a folder.
collect_maven_packages() {
  local from=$1 to=$2 file
  (cd "$from" && find . -type f \( -name '*.pom' -o -name '*.jar' \) -not -path './com/example/*' -print0) |
    while IFS= read -r -d '' file; do
      mkdir -p "$to/${file%/*}"
      cp "$from/$file" "$to/$file"
      sha1sum <"$from/$file" | cut -d ' ' -f 1 >"$to/$file.sha1"
    done
}
