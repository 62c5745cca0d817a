#!/usr/bin/env perl
# SPDX-License-Identifier: BSL-1.0
# Writes rule files that are each wrong in one place: a number, a duration, a matcher, a part of a condition, an alert.
# usage: mutants.pl RULES FOLDER; makes FOLDER/NUMBER.yml, with the group alone that it concerns, and prints of each its
# number, its group and what was changed.
use strict;
use warnings;

my ($rules, $folder) = @ARGV;
open my $in, '<', $rules or die "$rules: $!\n";
my $text = do { local $/; <$in> };
my ($head, @groups) = split /^(?=  - name: )/m, $text;
my $count = 0;

sub write_mutant {
  my ($group, $from, $length, $replacement, $where) = @_;
  my $what = substr $group, $from, $length;
  my ($name) = $group =~ /- name: leash-(\S+)/;
  substr($group, $from, $length) = $replacement;
  my $number = sprintf '%03d', ++$count;
  open my $out, '>', "$folder/$number.yml" or die "$folder/$number.yml: $!\n";
  print $out $head, $group;
  s/\s+/ /g for $what, $replacement;
  $what = substr($what, 0, 60) . ' ...' if length $what > 80;
  print "$number\t$name\t$where: '$what' -> '$replacement'\n";
}

sub scaled {    # both ways; 0 has no other scale
  my ($number, $factor) = @_;
  return $number == 0 ? (1) : ($number * $factor, $number / $factor);
}

for my $group (@groups) {
  while ($group =~ /^      - (record|alert): (\S+)\n((?:        .*\n)+)/mg) {
    my ($kind, $rule, $body, $start, $end, $body_start) = ($1, $2, $3, $-[0], $+[0], $-[3]);
    write_mutant($group, $start, $end - $start, '', $rule) if $kind eq 'alert';
    if ($body =~ /for: (\d+)([smh])/) {
      my ($at, $length, $number, $unit) = ($body_start + $-[0], $+[0] - $-[0], $1, $2);
      # In seconds, so that the half of a minute is a duration too.
      my $seconds = $number * {s => 1, m => 60, h => 3600}->{$unit};
      write_mutant($group, $at, $length, "for: $_", $rule) for $seconds * 2 . 's', $seconds / 2 . 's';
    }
    $body =~ /expr:(.*?)(?=\n        \w|\n\z)/s or die "$rule has no expression\n";
    my ($expression, $expression_start) = ($1, $body_start + $-[1]);
    my $mutate = sub {
      my ($from, $to, $replacement) = @_;
      write_mutant($group, $expression_start + $from, $to - $from, $replacement, $rule);
    };
    while ($expression =~ /\[(\d+)([smh])\]/g) {
      my ($from, $to, $seconds) = ($-[0], $+[0], $1 * {s => 1, m => 60, h => 3600}->{$2});
      $mutate->($from, $to, '[' . $seconds * 2 . 's]');
      $mutate->($from, $to, '[' . $seconds / 2 . 's]');
    }
    while ($expression =~ /\{[^}]*\}/g) { $mutate->($-[0], $+[0], ''); }
    while ($expression =~ /(?<![\w.:\["])\d+(?:\.\d+)?(?![\w.\]"])/g) {
      my ($from, $to, $number) = ($-[0], $+[0], $&);
      $mutate->($from, $to, $_) for scaled($number, 1.5);
    }
    # On lines of their own, or up to the end of the only line.
    while ($expression =~ /(?<=\n) +(?:or|and|unless)\b.*|(?<=\S) (?:or|and|unless)\b[^()]*(?:\([^()]*\)[^()]*)*\z/g) {
      $mutate->($-[0], $+[0], '');
    }
  }
}
