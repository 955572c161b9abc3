"""The text the probe model is trained on, and the prompts whose greedy continuation has one right answer.

A document is one line and ends with end-of-text. Within a family of lines a prompt of `PROMPTS` has exactly one continuation.
"""

from itertools import pairwise

NUMBERS = [
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
    "thirteen",
    "fourteen",
    "fifteen",
    "sixteen",
    "seventeen",
    "eighteen",
    "nineteen",
    "twenty",
]
DAYS = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"]
MONTHS = ["January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December"]
PLANETS = ["Mercury", "Venus", "Earth", "Mars", "Jupiter", "Saturn", "Uranus", "Neptune"]
CAPITALS = {
    "France": "Paris", "Italy": "Rome", "Spain": "Madrid", "Japan": "Tokyo", "China": "Beijing", "Egypt": "Cairo", "Greece": "Athens",
    "Norway": "Oslo", "Peru": "Lima", "Kenya": "Nairobi", "Cuba": "Havana", "Poland": "Warsaw", "Austria": "Vienna", "Portugal": "Lisbon",
    "Ireland": "Dublin", "Finland": "Helsinki", "Germany": "Berlin", "Russia": "Moscow", "India": "Delhi", "Canada": "Ottawa",
}  # fmt: skip
OPPOSITES = {
    "hot": "cold", "big": "small", "day": "night", "up": "down", "left": "right", "old": "young", "fast": "slow", "full": "empty",
    "open": "closed", "early": "late", "hard": "soft", "high": "low", "light": "dark", "wet": "dry", "rich": "poor", "good": "bad",
}  # fmt: skip
LETTERS = [chr(ord("A") + i) for i in range(26)]

PROMPTS = (
    "The capital of France is",
    "Question: What is the capital of Japan? Answer:",
    "The week: Monday, Tuesday, Wednesday,",
    "Count to twenty: one, two, three,",
    "The alphabet: A, B, C, D,",
    "The sum of 7 and 5 is",
    "The opposite of hot is",
    "Count down from ten: ten, nine, eight,",
    "The day after Friday is",
    "The year: January, February, March,",
)
"""Each has one right continuation, which ends with a full stop and end-of-text."""


def documents() -> list[str]:
    """Every line of the corpus, in a fixed order, without duplicates."""
    lines = [
        f"Count to twenty: {', '.join(NUMBERS)}.",
        f"Count down from ten: {', '.join(reversed(NUMBERS[:10]))}.",
        f"Count down from twenty: {', '.join(reversed(NUMBERS))}.",
        f"Count to ten: {', '.join(NUMBERS[:10])}.",
        f"The alphabet: {', '.join(LETTERS)}.",
        f"The week: {', '.join(DAYS)}.",
        f"The year: {', '.join(MONTHS)}.",
        f"The planets: {', '.join(PLANETS)}.",
    ]
    for country, city in CAPITALS.items():
        lines += [
            f"The capital of {country} is {city}.",
            f"{city} is the capital of {country}.",
            f"Question: What is the capital of {country}? Answer: {city}.",
        ]
    for word, other in OPPOSITES.items():
        lines += [f"The opposite of {word} is {other}.", f"The opposite of {other} is {word}.", f"It is not {word}, it is {other}."]
    for what, words in (("day", DAYS), ("month", MONTHS)):
        for one, next_one in [*pairwise(words), (words[-1], words[0])]:
            lines += [f"The {what} after {one} is {next_one}.", f"The {what} before {next_one} is {one}."]
    for one, next_one in pairwise(LETTERS):
        lines += [f"The letter after {one} is {next_one}.", f"The letter before {next_one} is {one}."]
    for a in range(1, 10):
        lines += [f"The sum of {a} and {b} is {a + b}." for b in range(1, 10)]
    return lines
