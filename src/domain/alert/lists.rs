//! The code lists of alerts.

codes! {
    /// UN Smuggling of Migrants Protocol, Art. 10(1).
    Category {
        /// Embarkation and destination points, routes, carriers and means of transport.
        A = "a",
        /// Identity and methods of groups.
        B = "b",
        /// Authenticity and misuse of travel documents.
        C = "c",
        /// Concealment and transport of persons, and ways to detect them.
        D = "d",
        /// Legislation and practice.
        E = "e",
        /// Scientific and technical information.
        F = "f",
    }
}

codes! {
    /// What an alert reports.
    EventType {
        /// A route not seen before.
        NewRoute = "new-route",
        /// A route that moved.
        RouteShift = "route-shift",
        /// Another way of working.
        ModusOperandiChange = "modus-operandi-change",
        /// Prices changed.
        PriceChange = "price-change",
        /// Fraud with documents.
        DocumentFraud = "document-fraud",
        /// Violence.
        Violence = "violence",
        /// Kidnapping for ransom.
        KidnapRansom = "kidnap-ransom",
        /// Deaths.
        Deaths = "deaths",
        /// Recruitment online.
        OnlineRecruitment = "online-recruitment",
        /// Corruption.
        Corruption = "corruption",
        /// Another means of transport.
        NewTransport = "new-transport",
        /// A pattern among victims.
        VictimPattern = "victim-pattern",
        /// Anything else.
        Other = "other",
    }
}

codes! {
    /// Message type (CAP 1.2).
    MessageType {
        /// The first version.
        Alert = "alert",
        /// A later version.
        Update = "update",
        /// The publisher took the alert back.
        Cancel = "cancel",
    }
}

codes! {
    /// How what a member sees differs from an alert.
    Difference {
        /// It does not see it.
        NotSeen = "not-seen",
        /// It sees it, otherwise than the alert says.
        Otherwise = "otherwise",
    }
}

codes! {
    /// Severity (CAP 1.2).
    Severity {
        /// Extraordinary threat to life.
        Extreme = "extreme",
        /// Significant threat to life.
        Severe = "severe",
        /// Possible threat to life.
        Moderate = "moderate",
        /// Minimal threat to life.
        Minor = "minor",
        /// Not known.
        Unknown = "unknown",
    }
}

codes! {
    /// Urgency (CAP 1.2).
    AlertUrgency {
        /// Act at once.
        Immediate = "immediate",
        /// Act soon.
        Expected = "expected",
        /// Act in the near future.
        Future = "future",
        /// No longer to be acted on.
        Past = "past",
        /// Not known.
        Unknown = "unknown",
    }
}

codes! {
    /// Certainty (CAP 1.2).
    Certainty {
        /// Seen.
        Observed = "observed",
        /// More than even.
        Likely = "likely",
        /// Less than even.
        Possible = "possible",
        /// Not expected.
        Unlikely = "unlikely",
        /// Not known.
        Unknown = "unknown",
    }
}

codes! {
    /// Level of an effect (EUROSUR).
    ImpactLevel {
        /// Low.
        Low = "low",
        /// Medium.
        Medium = "medium",
        /// High.
        High = "high",
    }
}

codes! {
    /// Corridors.
    Corridor {
        /// Western Balkans.
        WesternBalkan = "western-balkan",
        /// Eastern Mediterranean.
        EasternMediterranean = "eastern-mediterranean",
        /// Central Mediterranean.
        CentralMediterranean = "central-mediterranean",
        /// Afghanistan, Iran, Türkiye.
        AfghanistanIranTurkiye = "afghanistan-iran-turkiye",
        /// Pakistan, Iran, Türkiye.
        PakistanIranTurkiye = "pakistan-iran-turkiye",
        /// Iraq, Türkiye.
        IraqTurkiye = "iraq-turkiye",
        /// Bangladesh, Gulf, Libya.
        BangladeshGulfLibya = "bangladesh-gulf-libya",
        /// Another.
        Other = "other",
    }
}

codes! {
    /// Means of transport.
    Transport {
        /// On foot.
        Foot = "foot",
        /// Car.
        Car = "car",
        /// Van.
        Van = "van",
        /// Lorry.
        Lorry = "lorry",
        /// Bus.
        Bus = "bus",
        /// Train.
        Train = "train",
        /// Boat.
        Boat = "boat",
        /// Ship.
        Ship = "ship",
        /// Aircraft.
        Air = "air",
        /// Anything else.
        Other = "other",
    }
}

codes! {
    /// How exactly a place is known.
    PlacePrecision {
        /// To the spot.
        Point = "point",
        /// To the town or village.
        Locality = "locality",
        /// To the region.
        Region = "region",
        /// To the country.
        Country = "country",
    }
}

codes! {
    /// Fraud with documents.
    DocumentFraud {
        /// A genuine document that was altered.
        Forged = "forged",
        /// An imitation.
        Counterfeit = "counterfeit",
        /// A stolen blank.
        StolenBlank = "stolen-blank",
        /// A document of a state or authority that does not exist.
        Fantasy = "fantasy",
        /// A genuine document in the hands of another.
        Impostor = "impostor",
        /// A genuine document got by deceit.
        FraudulentlyObtained = "fraudulently-obtained",
    }
}

codes! {
    /// How a fee is paid.
    Payment {
        /// In cash.
        Cash = "cash",
        /// By hawala.
        Hawala = "hawala",
        /// Held by a third party until arrival.
        ThirdPartyGuarantee = "third-party-guarantee",
        /// In crypto-assets.
        Crypto = "crypto",
        /// By bank.
        Bank = "bank",
        /// By labour that is owed.
        DebtBondage = "debt-bondage",
    }
}

codes! {
    /// Where a figure goes.
    Trend {
        /// Up.
        Rising = "rising",
        /// As before.
        Stable = "stable",
        /// Down.
        Falling = "falling",
    }
}

codes! {
    /// Means of control, as the Counter-Trafficking Data Collaborative names them.
    MeansOfControl {
        /// Debt bondage.
        DebtBondage = "debt-bondage",
        /// Takes earnings.
        TakesEarnings = "takes-earnings",
        /// Restricts financial access.
        RestrictsFinancialAccess = "restricts-financial-access",
        /// Threats.
        Threats = "threats",
        /// Psychological abuse.
        PsychologicalAbuse = "psychological-abuse",
        /// Physical abuse.
        PhysicalAbuse = "physical-abuse",
        /// Sexual abuse.
        SexualAbuse = "sexual-abuse",
        /// False promises.
        FalsePromises = "false-promises",
        /// Psychoactive substances.
        PsychoactiveSubstances = "psychoactive-substances",
        /// Restricts movement.
        RestrictsMovement = "restricts-movement",
        /// Restricts medical care.
        RestrictsMedicalCare = "restricts-medical-care",
        /// Excessive working hours.
        ExcessiveWorkingHours = "excessive-working-hours",
        /// Uses children.
        UsesChildren = "uses-children",
        /// Threat of law enforcement.
        ThreatOfLawEnforcement = "threat-of-law-enforcement",
        /// Withholds necessities.
        WithholdsNecessities = "withholds-necessities",
        /// Withholds documents.
        WithholdsDocuments = "withholds-documents",
        /// Anything else.
        Other = "other",
    }
}
