//! The tables as diesel sees them, one description for both back ends. The
//! truth is `migrations/`; a test holds both trees against each other.

diesel::table! { meta (name) { name -> Text, value -> Text, mac -> Nullable<Binary> } }

diesel::table! { facility (id) { id -> Integer, name -> Text, created_ms -> BigInt } }

diesel::table! {
    kek (facility_id, generation) {
        facility_id -> Integer,
        generation -> BigInt,
        wrapped -> Binary,
        created_ms -> BigInt,
    }
}

diesel::table! {
    data_key (id) {
        id -> Binary,
        facility_id -> Integer,
        scope_kind -> SmallInt,
        scope_tag -> Binary,
        kek_generation -> BigInt,
        wrapped -> Binary,
        created_ms -> BigInt,
    }
}

diesel::table! {
    policy_set (facility_id, number) {
        facility_id -> Integer,
        number -> BigInt,
        data_key_id -> Binary,
        envelope -> Binary,
        created_ms -> BigInt,
    }
}

diesel::table! {
    policy_set_in_clear (facility_id, number) {
        facility_id -> Integer,
        number -> BigInt,
        digest -> Binary,
        schema_text -> Text,
        policies_text -> Text,
        created_ms -> BigInt,
    }
}

diesel::table! {
    statement (facility_id, kind, number) {
        facility_id -> Integer,
        kind -> Text,
        number -> BigInt,
        record_tag -> Binary,
        data_key_id -> Binary,
        envelope -> Binary,
        created_ms -> BigInt,
    }
}

diesel::table! {
    epoch (facility_id, scope_tag) {
        facility_id -> Integer,
        scope_tag -> Binary,
        number -> BigInt,
    }
}

diesel::table! {
    version (id) {
        id -> BigInt,
        facility_id -> Integer,
        resource_type -> Text,
        record_tag -> Binary,
        #[sql_name = "version"]
        number -> BigInt,
        interaction -> Text,
        policy_number -> BigInt,
        time_ms -> BigInt,
        subject_tag -> Nullable<Binary>,
        padded_size -> Integer,
        data_key_id -> Binary,
        envelope -> Binary,
    }
}

diesel::table! {
    link (facility_id, record_tag, version, param, target_tag) {
        facility_id -> Integer,
        record_tag -> Binary,
        version -> BigInt,
        resource_type -> Text,
        param -> Text,
        target_tag -> Binary,
        time_ms -> Nullable<BigInt>,
    }
}

diesel::table! {
    token (facility_id, record_tag, version, value) {
        facility_id -> Integer,
        record_tag -> Binary,
        version -> BigInt,
        #[sql_name = "token"]
        value -> Binary,
    }
}

diesel::table! {
    card (facility_id, record_tag) {
        facility_id -> Integer,
        record_tag -> Binary,
        resource_type -> Text,
        subject_tag -> Nullable<Binary>,
        #[sql_name = "version"]
        number -> BigInt,
        index_epoch -> BigInt,
        time_ms -> BigInt,
        data_key_id -> Binary,
        sealed -> Binary,
    }
}

diesel::table! {
    patient_head (facility_id, patient_tag) {
        facility_id -> Integer,
        patient_tag -> Binary,
        data_key_id -> Binary,
        head -> Binary,
    }
}

diesel::table! {
    audit (id) {
        id -> BigInt,
        facility_id -> Integer,
        record_tag -> Binary,
        time_ms -> BigInt,
        interaction -> Text,
        outcome -> SmallInt,
        purpose -> Nullable<Text>,
        policy_number -> BigInt,
        user_tag -> Nullable<Binary>,
        client_tag -> Nullable<Binary>,
        subject_tag -> Nullable<Binary>,
        events -> Integer,
        padded_size -> Integer,
        data_key_id -> Binary,
        envelope -> Binary,
        query_envelope -> Nullable<Binary>,
        query_key_id -> Nullable<Binary>,
    }
}

diesel::table! {
    audit_patient (facility_id, patient_tag, time_ms, record_tag, event) {
        facility_id -> Integer,
        patient_tag -> Binary,
        time_ms -> BigInt,
        record_tag -> Binary,
        event -> Integer,
    }
}

diesel::table! {
    audit_query (facility_id, record_tag, number) {
        facility_id -> Integer,
        record_tag -> Binary,
        number -> Integer,
        data_key_id -> Binary,
        envelope -> Binary,
    }
}

diesel::table! {
    answer (facility_id, key_tag) {
        facility_id -> Integer,
        key_tag -> Binary,
        request_digest -> Binary,
        time_ms -> BigInt,
        data_key_id -> Binary,
        envelope -> Binary,
    }
}

diesel::table! {
    pending_leaf (id) {
        id -> BigInt,
        facility_id -> Integer,
        commitment -> Binary,
        record_tag -> Binary,
        version -> BigInt,
        mac -> Nullable<Binary>,
    }
}

diesel::table! {
    refused_leaf (id) {
        id -> BigInt,
        facility_id -> Integer,
        commitment -> Binary,
        record_tag -> Binary,
        version -> BigInt,
        mac -> Nullable<Binary>,
        cause -> Text,
    }
}

diesel::table! {
    log (id) {
        id -> Integer,
        facility_id -> Integer,
        epoch -> BigInt,
        origin -> Text,
        log_id -> Binary,
        public_key -> Binary,
        size -> BigInt,
        state_mac -> Nullable<Binary>,
        keys_mac -> Nullable<Binary>,
    }
}

diesel::table! {
    log_key (log_id, number) {
        log_id -> Integer,
        number -> BigInt,
        public_key -> Binary,
        created_ms -> BigInt,
        retired_ms -> Nullable<BigInt>,
    }
}

diesel::table! {
    anchor_lease (id) {
        id -> Integer,
        holder -> Binary,
        name -> Text,
        until_ms -> BigInt,
    }
}

diesel::table! {
    job (facility_id, kind) {
        facility_id -> Integer,
        kind -> Text,
        holder -> Binary,
        until_ms -> BigInt,
        time_ms -> BigInt,
        data_key_id -> Binary,
        envelope -> Binary,
    }
}

diesel::table! {
    leaf (log_id, idx) {
        log_id -> Integer,
        idx -> BigInt,
        commitment -> Binary,
        record_tag -> Binary,
        version -> BigInt,
    }
}

diesel::table! {
    tile (log_id, level, idx) {
        log_id -> Integer,
        level -> SmallInt,
        idx -> BigInt,
        hashes -> Binary,
    }
}

diesel::table! {
    checkpoint (log_id, size) {
        log_id -> Integer,
        size -> BigInt,
        root -> Binary,
        time_ms -> BigInt,
        note -> Text,
    }
}

diesel::table! {
    post (id) {
        id -> BigInt,
        chain_id -> BigInt,
        submitter -> Binary,
        nonce -> BigInt,
        raw -> Binary,
        tx_hash -> Binary,
        state -> Text,
        created_ms -> BigInt,
        block_number -> Nullable<BigInt>,
        block_hash -> Nullable<Binary>,
    }
}

diesel::table! {
    anchor (log_id, seq) {
        log_id -> Integer,
        seq -> BigInt,
        size -> BigInt,
        root -> Binary,
        post_id -> BigInt,
        state -> Text,
        block_number -> Nullable<BigInt>,
        block_hash -> Nullable<Binary>,
        block_time_ms -> Nullable<BigInt>,
        evidence -> Nullable<Binary>,
    }
}

diesel::table! {
    registration (facility_id, kind, tag, number) {
        facility_id -> Integer,
        kind -> Text,
        tag -> Binary,
        number -> BigInt,
        state -> Text,
        data_key_id -> Binary,
        envelope -> Binary,
        created_ms -> BigInt,
    }
}

diesel::table! {
    change (facility_id, id) {
        facility_id -> Integer,
        id -> Binary,
        name -> Text,
        proposer_tag -> Binary,
        created_ms -> BigInt,
        data_key_id -> Binary,
        envelope -> Binary,
    }
}

diesel::table! {
    change_decision (facility_id, change_id) {
        facility_id -> Integer,
        change_id -> Binary,
        decision -> Text,
        decider_tag -> Binary,
        created_ms -> BigInt,
        data_key_id -> Nullable<Binary>,
        envelope -> Nullable<Binary>,
    }
}

diesel::table! {
    kept_query (facility_id, tag) {
        facility_id -> Integer,
        tag -> Binary,
        time_ms -> BigInt,
        data_key_id -> Binary,
        envelope -> Binary,
    }
}

diesel::table! {
    own_url (facility_id, number) {
        facility_id -> Integer,
        number -> BigInt,
        time_ms -> BigInt,
        data_key_id -> Binary,
        envelope -> Binary,
    }
}

diesel::table! {
    former_registry (log_id, last_seq) {
        log_id -> Integer,
        last_seq -> BigInt,
        chain_id -> BigInt,
        address -> Binary,
    }
}

diesel::allow_tables_to_appear_in_same_query!(anchor, checkpoint, post);
diesel::allow_tables_to_appear_in_same_query!(audit, audit_patient);
diesel::allow_tables_to_appear_in_same_query!(change, change_decision);
diesel::allow_tables_to_appear_in_same_query!(facility, log);
diesel::allow_tables_to_appear_in_same_query!(former_registry, meta);
diesel::allow_tables_to_appear_in_same_query!(leaf, log);
diesel::allow_tables_to_appear_in_same_query!(log, log_key);
