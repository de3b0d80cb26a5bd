"""Invented people, places and numbers. None of them belongs to a real person."""

import random
import string

from simulator.seeds import happens

_GIVEN = (
    "Aarav",
    "Aditi",
    "Ajay",
    "Alka",
    "Amit",
    "Anil",
    "Anita",
    "Arun",
    "Asha",
    "Deepak",
    "Farhan",
    "Gita",
    "Harish",
    "Imran",
    "Indu",
    "Jyoti",
    "Kamal",
    "Kavita",
    "Lata",
    "Mahesh",
    "Manoj",
    "Meena",
    "Mohan",
    "Nasreen",
    "Neha",
    "Nitin",
    "Pooja",
    "Prakash",
    "Rahul",
    "Rajesh",
    "Rani",
    "Ravi",
    "Rekha",
    "Sanjay",
    "Seema",
    "Shabana",
    "Sunil",
    "Sunita",
    "Suresh",
    "Usha",
    "Vijay",
    "Vikas",
    "Vinod",
    "Yasmin",
)
_FAMILY = (
    "Agarwal",
    "Ahmad",
    "Ansari",
    "Bajpai",
    "Bharti",
    "Chaudhary",
    "Chauhan",
    "Dubey",
    "Gupta",
    "Jain",
    "Kashyap",
    "Khan",
    "Kumar",
    "Kushwaha",
    "Mishra",
    "Nishad",
    "Pal",
    "Pandey",
    "Patel",
    "Rai",
    "Rathore",
    "Saxena",
    "Sharma",
    "Shukla",
    "Siddiqui",
    "Singh",
    "Srivastava",
    "Tiwari",
    "Tripathi",
    "Verma",
    "Yadav",
)
DISTRICTS = (
    "LUCKNOW",
    "KANPUR NAGAR",
    "GAUTAM BUDDHA NAGAR",
    "GHAZIABAD",
    "VARANASI",
    "AGRA",
    "PRAYAGRAJ",
    "MEERUT",
    "BAREILLY",
    "GORAKHPUR",
    "ALIGARH",
    "MORADABAD",
    "SAHARANPUR",
    "JHANSI",
    "MATHURA",
    "AYODHYA",
    "AZAMGARH",
    "MIRZAPUR",
    "BASTI",
    "GONDA",
    "HARDOI",
    "SITAPUR",
    "UNNAO",
    "BALLIA",
    "BANDA",
)
CATEGORIES = (
    "upi_fraud",
    "customer_care_fraud",
    "investment_fraud",
    "digital_arrest",
    "job_fraud",
    "otp_fraud",
    "loan_app_fraud",
    "online_shopping_fraud",
)
TOWNS = ("Hazratganj", "Civil Lines", "Sadar Bazar", "Station Road", "Naya Ganj", "Chowk", "Gomti Nagar", "Sector 18")
SHOPS = ("Shree Jewellers", "City Electronics", "Annapurna Kirana", "Metro Fuels", "Galaxy Mobiles", "Raj Textiles")


def person_name(rng: random.Random) -> str:
    """Return a given and a family name."""
    return f"{rng.choice(_GIVEN)} {rng.choice(_FAMILY)}"


def mobile(rng: random.Random) -> str:
    """Return a mobile number: ten digits, the first of them 6 to 9."""
    return f"{rng.choice('6789')}{rng.randrange(10**9):09d}"


def pan(rng: random.Random) -> str:
    """Return a well-formed PAN; one in ten holders has only FORM60."""
    if happens(rng, 0.1):
        return "FORM60"
    letters = "".join(rng.choices(string.ascii_uppercase, k=3))
    return (
        f"{letters}P{rng.choice(string.ascii_uppercase)}{rng.randrange(10**4):04d}{rng.choice(string.ascii_uppercase)}"
    )


def ifsc(rng: random.Random, prefix: str) -> str:
    """Return a branch's IFSC at the bank whose codes begin with `prefix`."""
    return f"{prefix}0{rng.randrange(10**6):06d}"
